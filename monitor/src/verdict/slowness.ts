import type { PoolTraffic } from '@coalmine/fleet/traffic.js';
import { z } from 'zod';
import { betsSchema, openBets, settle } from './bets.js';
import { bucketsOf, forgetLatencies, histogramSchema, noLatencies, quantileBucket } from './latency.js';
import type { Histogram } from './latency.js';

/** What is known of latencies: the bets, and both pools' latencies so far. */
export const slownessSchema = z.object({ bets: betsSchema, canary: histogramSchema, prod: histogramSchema });
export type Slowness = z.infer<typeof slownessSchema>;

/** Latencies are told apart by production's own quantiles of the blocks before. */
const cuts = [0.25, 0.5, 0.75, 0.95];
/** What is bet on beside the canary's own latencies so far: all slower by so many buckets more than is tolerated … */
const shifts = [1, 3, 8];
/** … or this share of the requests among production's slowest. */
const tails = [0.05, 0.2];
const shares = [0.2, 0.25, 0.25, 0.1, 0.1, 0.1];
/** The canary is expected to be like production until this many requests of it were seen. */
const strength = 10;
/** Fewer requests than this do not show what production is like. */
const enoughToKnow = 200;

export function noSlowness(): Slowness {
  return { bets: openBets(shares), canary: [...noLatencies], prod: [...noLatencies] };
}

/**
 * After a block. The canary's latencies are counted between production's quantiles with every bound moved up by the
 * tolerated increase (0.15 is 15 %), so that the null hypothesis is: "a request to the canary takes no longer than one to
 * production plus that". For each alternative a with rising a/b the block's E variable is the one of Turner, Ly and
 * Grünwald for two multinomials, with the weighted mean p0 of a and b for the null:
 *
 *     ln E = Σ ya·ln(a/p0) + Σ yb·ln(b/p0)
 *
 * It stays valid for a canary that is faster, not only equally fast: a/p0 rises with the latency, so its expectation is
 * smallest for the fastest.
 */
export function observeSlowness(
  before: Slowness,
  increase: number,
  canary: PoolTraffic,
  prod: PoolTraffic,
): Slowness {
  const after = {
    canary: forgetLatencies(before.canary, canary.latency),
    prod: forgetLatencies(before.prod, prod.latency),
  };
  if (canary.requests === 0 || prod.requests === 0) return { ...before, prod: after.prod };
  const known = before.prod.reduce((sum, count) => sum + count, 0);
  if (known < enoughToKnow) return { bets: before.bets, ...after };
  const bounds = cuts.map((quantile) => quantileBucket(before.prod, quantile));
  const tolerated = bucketsOf(increase);
  const seen = {
    canary: binned(canary.latency, bounds, tolerated),
    prod: binned(prod.latency, bounds, 0),
  };
  const b = normal(binned(before.prod, bounds, 0).map((count) => count + 0.5));
  const own = binned(before.canary, bounds, tolerated).map((count, bin) => count + strength * (b[bin] ?? 0));
  const slower = shifts.map((shift) => binned(before.prod, bounds, -shift).map((count) => count + 0.5));
  const tailed = tails.map((tail) =>
    b.map((share, bin) => (1 - tail) * share + (bin === b.length - 1 ? tail : 0)),
  );
  const factors = [own, ...slower, ...tailed].map((a) => logFactor(seen, rising(normal(a), b), b));
  return { bets: settle(before.bets, shares, factors), ...after };
}

/** Counts between bounds (bucket indices, each moved up by `moved`); one more bin than there are bounds. */
function binned(latency: Histogram, bounds: readonly number[], moved: number): number[] {
  const bins = Array.from({ length: bounds.length + 1 }, () => 0);
  let bin = 0;
  for (const [bucket, count] of latency.entries()) {
    while (bin < bounds.length && bucket > (bounds[bin] ?? 0) + moved) bin += 1;
    bins[bin] = (bins[bin] ?? 0) + count;
  }
  return bins;
}

function normal(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The alternative with its ratio to production made to rise with the latency, as a one-sided bet needs it. */
function rising(a: readonly number[], b: readonly number[]): number[] {
  let ratio = 0;
  return normal(b.map((share, bin) => share * (ratio = Math.max(ratio, (a[bin] ?? 0) / share))));
}

function logFactor(
  seen: { canary: readonly number[]; prod: readonly number[] },
  a: readonly number[],
  b: readonly number[],
): number {
  const requests = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  const canaryShare = requests(seen.canary) / (requests(seen.canary) + requests(seen.prod));
  return b.reduce((sum, share, bin) => {
    const alternative = a[bin] ?? share;
    const nothing = canaryShare * alternative + (1 - canaryShare) * share;
    const canary = (seen.canary[bin] ?? 0) * Math.log(alternative / nothing);
    return sum + canary + (seen.prod[bin] ?? 0) * Math.log(share / nothing);
  }, 0);
}
