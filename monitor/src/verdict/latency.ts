import { latencyBoundsMs } from '@coalmine/fleet/traffic.js';
import { z } from 'zod';

/** A pool's latencies of the blocks before, by bucket; older ones weigh less. */
export const histogramSchema = z.array(z.number()).length(latencyBoundsMs.length + 1);
export type Histogram = readonly number[];

/** Each bucket's bound is this much above the one below. */
const bucketRatio = (latencyBoundsMs[1] ?? 1) / (latencyBoundsMs[0] ?? 1);

/** Of what was learnt, this much is left after a block: a half after about three minutes of seconds. */
const keptPerBlock = 1 - 1 / 250;

export const noLatencies: Histogram = Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);

export function forgetLatencies(before: Histogram, seen: Histogram): number[] {
  return before.map((count, bucket) => count * keptPerBlock + (seen[bucket] ?? 0));
}

/** The bucket in which a quantile lies; the last one when there is nothing. */
export function quantileBucket(histogram: Histogram, quantile: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  const bucket = histogram.findIndex((count) => (sum += count) >= quantile * total && sum > 0);
  return bucket === -1 ? histogram.length - 1 : bucket;
}

/** A quantile in ms, within its bucket by interpolation; null when there is nothing. */
export function quantileMs(histogram: Histogram, quantile: number): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const bucket = quantileBucket(histogram, quantile);
  const below = histogram.slice(0, bucket).reduce((sum, count) => sum + count, 0);
  const high = latencyBoundsMs[bucket] ?? latencyBoundsMs.at(-1) ?? 0;
  const low = latencyBoundsMs[bucket - 1] ?? 0;
  return low + (high - low) * Math.min(1, (quantile * total - below) / (histogram[bucket] ?? 1));
}

/** How many buckets an increase of latency (0.15 is 15 %) is, at least as much. */
export function bucketsOf(increase: number): number {
  return Math.ceil(Math.log(1 + increase) / Math.log(bucketRatio) - 1e-6);
}
