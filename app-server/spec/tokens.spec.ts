import type { Redis } from 'ioredis';
import { setToken } from '../src/tokens.js';

describe('a token', () => {
  it('has an id of its own and says when it expires', async () => {
    const redis = { set: () => Promise.resolve('OK') } as unknown as Redis;
    const [one, other] = [await setToken(redis, 'a', 60), await setToken(redis, 'a', 60)];
    expect(one.id).not.toBe(other.id);
    const secondsLeft = (Date.parse(one.expiresAt) - Date.now()) / 1000;
    expect(secondsLeft).toBeGreaterThan(59);
    expect(secondsLeft).toBeLessThanOrEqual(60);
  });
});
