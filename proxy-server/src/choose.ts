import { crc32 } from 'node:zlib';

/** All that the choice of a pool depends on. */
export interface Split {
  /** Share of the canary, in 1/100 %: 0 to 10000. */
  weight: number;
  /** Another one for each rollout, so that it is not always the same people who try. */
  salt: string;
  /** True while an alert says that the canary gets nothing. */
  alert: boolean;
  canaryUsable: boolean;
}

const buckets = 10_000;

/** The bucket of a key, 0 to 9999: the same for the same key and salt, in every proxy. */
export function bucketOf(key: string, salt: string): number {
  return crc32(`${key}:${salt}`) % buckets;
}

/**
 * Which pool a request goes to. With a key, the same key stays with the canary while the weight grows; without
 * one each request is drawn by itself. No usable canary means production, never an error.
 */
export function choosePool(
  split: Split,
  key: string | null,
  draw: () => number = Math.random,
): 'prod' | 'canary' {
  if (split.alert || !split.canaryUsable) return 'prod';
  const bucket = key === null ? Math.floor(draw() * buckets) : bucketOf(key, split.salt);
  return bucket < split.weight ? 'canary' : 'prod';
}
