import { isWell } from './check.js';

const intervalMs = 1000;
const rise = 2;
const fall = 2;
const failuresToEject = 3;
const backoffAtMostMs = 60_000;
const forgivenAfterMs = 60_000;

/**
 * Whether a server is well. Asked every second, for ever: up after two good answers (the first time after one), down
 * after two bad ones. Three requests in a row that it did not answer eject it at once; then it stays out for a second,
 * two, four …, up to a minute, until it has been well for a minute.
 */
export class HealthCheck {
  private up = false;
  private everChecked = false;
  private streak = 0;
  private failedRequests = 0;
  private outUntil = 0;
  private strikes = 0;
  private timer: NodeJS.Timeout | undefined;
  /** When it came into rotation last, ms of performance.now(). */
  upSince = 0;
  /** Since the start, for the metrics. */
  ejections = 0;

  constructor(
    private readonly url: URL,
    /** Told whenever `isUp` turns. */
    private readonly onTurn: () => void = () => undefined,
  ) {}

  get isUp(): boolean {
    return this.up;
  }

  start(): void {
    if (this.timer) return;
    void this.check();
    // From another moment on for each, so that many servers are not asked all at once.
    this.timer = setTimeout(() => {
      this.timer = setInterval(() => void this.check(), intervalMs);
    }, Math.random() * intervalMs);
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
    if (this.failedRequests < failuresToEject || !this.up) return;
    const now = performance.now();
    if (now - this.upSince > forgivenAfterMs) this.strikes = 0;
    this.outUntil = now + Math.min(intervalMs * 2 ** this.strikes, backoffAtMostMs);
    this.strikes += 1;
    this.ejections += 1;
    this.turn(false);
  }

  private async check(): Promise<void> {
    const good = await isWell(this.url);
    this.streak = good === this.up ? 0 : this.streak + 1;
    const mayReturn = performance.now() >= this.outUntil;
    if (!this.up && good && mayReturn && (this.streak >= rise || !this.everChecked)) this.turn(true);
    if (this.up && !good && this.streak >= fall) this.turn(false);
    if (good) this.everChecked = true;
  }

  private turn(up: boolean): void {
    this.up = up;
    this.streak = 0;
    this.failedRequests = 0;
    if (up) this.upSince = performance.now();
    this.onTurn();
  }
}
