import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Passes a client's body on to a server, no faster than the server takes it; in chunks if it came in chunks. */
export class RequestBody {
  isDone = false;
  private readonly isChunked: boolean;

  constructor(
    private readonly from: IncomingMessage,
    private readonly to: Socket,
  ) {
    this.isChunked = from.headers['content-length'] === undefined;
    from.on('data', this.pass);
    from.on('end', this.end);
    to.on('drain', this.goOn);
  }

  /** No more of it, whether or not there is any: what is left is read and forgotten. */
  stop(): void {
    this.from.off('data', this.pass);
    this.from.off('end', this.end);
    this.to.off('drain', this.goOn);
    if (!this.isDone) this.from.resume();
  }

  private readonly pass = (data: Buffer): void => {
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
