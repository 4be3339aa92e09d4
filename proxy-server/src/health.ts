import { request } from 'undici';

const intervalMs = 1000;
const timeoutMs = 2000;
const rise = 2;
const fall = 2;
const failuresToEject = 3;

/**
 * Whether a server is well. Asked every second: up after two good answers (the first time after one), down after
 * two bad ones, or at once after three requests in a row that it did not answer.
 */
export class HealthCheck {
  private up = false;
  private everChecked = false;
  private streak = 0;
  private failedRequests = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly url: URL) {}

  get isUp(): boolean {
    return this.up;
  }

  start(): void {
    if (this.timer) return;
    this.timer = setInterval(() => void this.check(), intervalMs);
    void this.check();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** A request was answered, with whatever status. */
  answered(): void {
    this.failedRequests = 0;
  }

  /** A request found no one, or was left without an answer. */
  failed(): void {
    this.failedRequests += 1;
    if (this.failedRequests < failuresToEject) return;
    this.up = false;
    this.streak = 0;
  }

  private async check(): Promise<void> {
    // Not kept: once nobody asks any more, no connection says that a server is still in use.
    const ask = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, reset: true };
    const good = await request(this.url, ask).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode === 200;
      },
      () => false,
    );
    this.streak = good === this.up ? 0 : this.streak + 1;
    if (!this.up && good && (this.streak >= rise || !this.everChecked)) this.turn(true);
    if (this.up && !good && this.streak >= fall) this.turn(false);
    if (good) this.everChecked = true;
  }

  private turn(up: boolean): void {
    this.up = up;
    this.streak = 0;
    this.failedRequests = 0;
  }
}
