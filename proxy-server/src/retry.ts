/** What is known of an attempt that failed before any byte of an answer. */
export interface FailedAttempt {
  method: string;
  hasBody: boolean;
  /** The connection was never made, so the backend has seen nothing. */
  neverSent: boolean;
  /** Attempts so far, this one included. */
  attempts: number;
}

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const attemptsAtMost = 3;

/** True when trying again cannot do anything twice: nothing was sent, or it may be repeated and can be. */
export function mayRetry({ method, hasBody, neverSent, attempts }: FailedAttempt): boolean {
  if (attempts >= attemptsAtMost || hasBody) return false;
  return neverSent || idempotent.has(method);
}

const share = 0.2;
const atLeast = 3;
const windowMs = 1000;

/**
 * Keeps repetitions from making an outage worse: in any second at most a fifth of the requests may be repeated, and
 * always three.
 */
export class RetryBudget {
  private requests = 0;
  private retries = 0;
  private began = 0;
  private lastRequests = 0;
  /** Since the start, for the metrics. */
  taken = 0;
  refused = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A request has begun. */
  count(): void {
    this.requests += 1;
  }

  /** True when one more may be repeated. */
  take(): boolean {
    this.roll();
    const allowed = Math.max(atLeast, share * Math.max(this.requests, this.lastRequests));
    if (this.retries >= allowed) {
      this.refused += 1;
      return false;
    }
    this.retries += 1;
    this.taken += 1;
    return true;
  }

  private roll(): void {
    const now = this.now();
    if (now - this.began < windowMs) return;
    this.lastRequests = now - this.began < 2 * windowMs ? this.requests : 0;
    this.began = now;
    this.requests = 0;
    this.retries = 0;
  }
}
