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
