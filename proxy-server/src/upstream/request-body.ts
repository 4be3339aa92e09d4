import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Passes a client's body on to a server, no faster than the server takes it; in chunks if it came in chunks. A body
 * that says its length is stopped before it comes; one in chunks is when it has grown to more than `atMost` (0: any).
 */
export class RequestBody {
  isDone = false;
  private size = 0;
  private readonly isChunked: boolean;

  constructor(
    private readonly from: IncomingMessage,
    private readonly to: Socket,
    private readonly atMost: number,
    private readonly onTooLarge: () => void,
  ) {
    this.isChunked = from.headers['content-length'] === undefined;
    from.on('data', this.pass);
    from.on('end', this.end);
    to.on('drain', this.goOn);
  }

  /** True while it is the client that keeps us waiting, not the server. */
  get isAwaited(): boolean {
    return !this.isDone && !this.to.writableNeedDrain;
  }

  /** No more of it, whether or not there is any: what is left is read and forgotten. */
  stop(): void {
    this.from.off('data', this.pass);
    this.from.off('end', this.end);
    this.to.off('drain', this.goOn);
    if (!this.isDone) this.from.resume();
  }

  private readonly pass = (data: Buffer): void => {
    this.size += data.length;
    if (this.atMost > 0 && this.size > this.atMost) {
      this.onTooLarge();
      return;
    }
    if (this.isChunked) {
      this.to.cork();
      this.to.write(`${data.length.toString(16)}\r\n`, 'latin1');
      this.to.write(data);
      this.to.write('\r\n', 'latin1');
      this.to.uncork();
    } else this.to.write(data);
    if (this.to.writableNeedDrain) this.from.pause();
  };

  private readonly end = (): void => {
    this.isDone = true;
    if (this.isChunked) this.to.write('0\r\n\r\n', 'latin1');
  };

  private readonly goOn = (): void => {
    this.from.resume();
  };
}
