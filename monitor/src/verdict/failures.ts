import { z } from 'zod';
import { betsSchema, openBets, settle } from './bets.js';
import { logFactor, type Sample } from './projection.js';
import { foretell, forget, learn, ratesSchema } from './rates.js';

/** What is known of failed requests: the bets, and the rates of both pools so far. */
export const failuresSchema = z.object({ bets: betsSchema, canary: ratesSchema, prod: ratesSchema });
export type Failures = z.infer<typeof failuresSchema>;

/** By how much more often the canary may fail: a corner, a path, a main path, most of it. */
const moreFailures = [0.005, 0.02, 0.08, 0.3];
const deadCanary = 0.95;
/** The stakes: on the canary's own rate so far, on each of `moreFailures`, on a dead one. */
const shares = [0.15, ...moreFailures.map(() => 0.25 / moreFailures.length), 0.6];
const prior = { mean: 0.01, strength: 4 };

export function noFailures(): Failures {
  const none = { requests: 0, events: 0 };
  return { bets: openBets(shares), canary: none, prod: none };
}

/** The rate that is expected of production in the next block. */
export function expectedRate({ prod }: Pick<Failures, 'prod'>): number {
  return foretell(prod, prior);
}

/** After a block. What is bet on comes from the blocks before it only; `tolerance`: a difference of rates. */
export function observeFailures(before: Failures, tolerance: number, canary: Sample, prod: Sample): Failures {
  const rates = { canary: learn(forget(before.canary), canary), prod: learn(forget(before.prod), prod) };
  if (canary.requests === 0 || prod.requests === 0) return { ...before, prod: rates.prod };
  const b = expectedRate(before);
  const own = foretell(before.canary, { mean: b, strength: prior.strength });
  const worse = moreFailures.map((more) => Math.min(deadCanary, b + tolerance + more));
  const factors = [own, ...worse, deadCanary].map((a) =>
    // Only "worse" is bet on: elsewhere the money rests.
    a > b + tolerance ? logFactor(canary, prod, { a, b }, tolerance) : 0,
  );
  return { bets: settle(before.bets, shares, factors), ...rates };
}
