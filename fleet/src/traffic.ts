import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseJson } from './change.js';
import { keys } from './keys.js';

/**
 * Upper bounds of the latency buckets, ms: each 15 % above the one below, 0.5 ms to about 60 s; what is slower counts in
 * one more bucket at the end.
 */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 85 }, (_, step) => 0.5 * 1.15 ** step);

/** What one pool did in one second, as a proxy saw it. */
export const poolTrafficSchema = z.object({
  requests: z.int().min(0),
  /** Answers of 500 and above, and attempts without an answer, those that were repeated elsewhere included. */
  failures: z.int().min(0),
  /** Requests by latency bucket, one more than there are bounds. */
  latency: z.array(z.int().min(0)).length(latencyBoundsMs.length + 1),
});
export type PoolTraffic = z.infer<typeof poolTrafficSchema>;

export const trafficSecondSchema = z.object({
  /** The second's beginning, ms since the epoch. */
  at: z.int(),
  prod: poolTrafficSchema,
  canary: poolTrafficSchema,
});
export type TrafficSecond = z.infer<typeof trafficSecondSchema>;

const keptSeconds = 3600;

/** Appends a proxy's second; about the last hour is kept. */
export async function appendTraffic(redis: Redis, proxy: string, second: TrafficSecond): Promise<void> {
  await redis.xadd(keys.traffic(proxy), 'MAXLEN', '~', keptSeconds, '*', 'second', JSON.stringify(second));
}

/** A proxy's seconds after a stream id (`0` for all), each with its own id, oldest first. */
export async function readTraffic(
  redis: Redis,
  proxy: string,
  after: string,
  atMost = 1000,
): Promise<{ id: string; second: TrafficSecond }[]> {
  const entries = await redis.xrange(keys.traffic(proxy), `(${after}`, '+', 'COUNT', atMost);
  return entries.flatMap(([id, [, text = null]]) => {
    const second = parseJson(text, trafficSecondSchema);
    return second ? [{ id, second }] : [];
  });
}

/** The index of a latency's bucket. */
export function latencyBucket(ms: number): number {
  if (ms <= 0.5) return 0;
  const index = Math.ceil(Math.log(ms / 0.5) / Math.log(1.15) - 1e-9);
  return Math.min(index, latencyBoundsMs.length);
}
