import { latencyBoundsMs, type PoolTraffic } from '@coalmine/fleet/traffic.js';
import type { Sample } from './projection.js';

/** Production's latencies of the blocks before, by bucket; older ones weigh less. */
export type Histogram = readonly number[];

/** Each bucket's bound is this much above the one below. */
const bucketRatio = (latencyBoundsMs[1] ?? 1) / (latencyBoundsMs[0] ?? 1);

/** Of what was learnt, this much is left after a block: a half after about three minutes of seconds. */
const keptPerBlock = 1 - 1 / 250;

export const noLatencies: Histogram = Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);

export function remember(histogram: Histogram, seen: Histogram): Histogram {
  return histogram.map((count, index) => count * keptPerBlock + (seen[index] ?? 0));
}

/** The bucket in which a quantile lies, or null while there are too few requests to know it. */
export function quantileBucket(histogram: Histogram, quantile: number): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  // Ten requests beyond the quantile tell where it is, well enough: the test compares rates, it does not need it exact.
  if (total * Math.min(quantile, 1 - quantile) < 10) return null;
  let sum = 0;
  const bucket = histogram.findIndex((count) => (sum += count) >= quantile * total);
  return bucket === -1 ? null : bucket;
}

/** How many buckets an increase of latency (0.15 = 15 %) is, at least as much. */
export function bucketsOf(increase: number): number {
  return Math.ceil(Math.log(1 + increase) / Math.log(bucketRatio) - 1e-6);
}

/** How many of a pool's requests in a block were slower than a bucket's bound. */
export function slowerThan(bucket: number, { latency }: PoolTraffic): Sample {
  const requests = latency.reduce((sum, count) => sum + count, 0);
  const events = latency.slice(bucket + 1).reduce((sum, count) => sum + count, 0);
  return { requests, events };
}
