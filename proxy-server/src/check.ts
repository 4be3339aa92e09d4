import type { AnswerHead } from './upstream/answer-head.js';
import type { Asker } from './upstream/connection.js';
import { Connections } from './upstream/connections.js';

const timeoutMs = 2000;
const times = { connectMs: timeoutMs, answerMs: timeoutMs, bodyMs: timeoutMs, clientMs: timeoutMs };

/**
 * Asks a server once whether it is well: true for a 200, false for anything else or nothing within two seconds. The
 * connection is not kept: once nobody asks any more, none says that a server is still in use.
 */
export function isWell({ hostname, port, host, pathname }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const head = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
    new Connections(hostname, Number(port || 80), 1, times).ask(
      { head, isHead: false, body: null, bodyAtMost: 0 },
      new Check(resolve),
    );
  });
}

class Check implements Asker {
  private status = 0;

  constructor(private readonly settle: (good: boolean) => void) {}

  onSent(): void {
    // Whether it was sent makes no difference to a check.
  }
  onAnswer({ status }: AnswerHead): void {
    this.settle(status === 200);
  }
  onHead({ status }: AnswerHead): void {
    this.status = status;
  }
  onBody(): boolean {
    return true;
  }
  onEnd(): void {
    this.settle(this.status === 200);
  }
  onError(): void {
    this.settle(false);
  }
}
