import { RateLimit } from '../src/rate-limit.js';

describe('The rate limit', () => {
  it('counts down, and up again when the oldest request is an hour old', () => {
    const limit = new RateLimit(100, 3);
    expect(limit.take(0).remaining).toBe(2);
    expect(limit.take(1000)).toEqual({ allowed: true, remaining: 1, resetSeconds: 3600 });
    expect(limit.take(3_600_500)).toEqual({ allowed: true, remaining: 1, resetSeconds: 3601 });
  });

  it('says how long to wait after too many in a minute', () => {
    const limit = new RateLimit(2);
    limit.take(0);
    limit.take(10_000);
    expect(limit.take(20_000)).toEqual(jasmine.objectContaining({ allowed: false, retryAfterSeconds: 40 }));
    expect(limit.take(60_001).allowed).toBeTrue();
  });

  it('gives no time to wait after too many in an hour: that is in the reset', () => {
    const limit = new RateLimit(100, 1);
    limit.take(0);
    expect(limit.take(120_000)).toEqual({ allowed: false, remaining: 0, resetSeconds: 3600 });
  });
});
