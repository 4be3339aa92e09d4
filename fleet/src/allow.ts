import type { Redis } from 'ioredis';
import { change } from './change.js';
import { keys } from './keys.js';

/** The keys (of a bucket cookie, or of the configured header) that always get the canary: testers. */
export async function readAllow(redis: Redis): Promise<string[]> {
  return redis.smembers(keys.allow);
}

/** Replaces the allow-list and announces the change. */
export async function writeAllow(redis: Redis, allowed: readonly string[]): Promise<void> {
  await change(redis, 'rollout', (transaction) => {
    transaction.del(keys.allow);
    if (allowed.length > 0) transaction.sadd(keys.allow, ...allowed);
  });
}
