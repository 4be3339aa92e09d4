import type { RequestHandler } from 'express';
import { ApiError } from './errors.js';

const requestsPerHour = 5000;
const hourMs = 3_600_000;
const minuteMs = 60_000;

export interface Allowance {
  allowed: boolean;
  remaining: number;
  /** When the oldest request of the hour is forgotten (seconds since 1970). */
  resetSeconds: number;
  /** Only after too many in a minute: how long to wait. */
  retryAfterSeconds?: number;
}

/** Two sliding windows, an hour and a minute, as the real one has. */
export class RateLimit {
  private times: number[] = [];

  constructor(
    private readonly perMinute: number,
    private readonly perHour = requestsPerHour,
  ) {}

  /** Counts a request at a time (ms), unless it is one too many. */
  take(now: number): Allowance {
    this.times = this.times.filter((time) => time > now - hourMs);
    const recent = this.times.filter((time) => time > now - minuteMs);
    const isBurst = recent.length >= this.perMinute;
    const allowed = !isBurst && this.times.length < this.perHour;
    if (allowed) this.times.push(now);
    return {
      allowed,
      remaining: this.perHour - this.times.length,
      resetSeconds: Math.ceil(((this.times[0] ?? now) + hourMs) / 1000),
      ...(isBurst
        ? { retryAfterSeconds: Math.max(1, Math.ceil(((recent[0] ?? now) + minuteMs - now) / 1000)) }
        : {}),
    };
  }
}

/** Announces the limits in headers, and answers 429 beyond them. */
export function limitRate(perMinute: number): RequestHandler {
  const limit = new RateLimit(perMinute);
  return (_request, response, next) => {
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = limit.take(Date.now());
    response.setHeader('ratelimit-limit', requestsPerHour);
    response.setHeader('ratelimit-remaining', remaining);
    response.setHeader('ratelimit-reset', resetSeconds);
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
    next(allowed ? undefined : new ApiError(429, 'too_many_requests', 'API rate limit exceeded.'));
  };
}
