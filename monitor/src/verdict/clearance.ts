import { z } from 'zod';
import { logFactor, nearestOnLine, type Sample } from './projection.js';

/**
 * The same bet the other way round: against "the canary fails at least `limit` more often than production". When it
 * reaches 1/β, that much harm is excluded, and a canary that does do it gets there with probability β at most. This is
 * why little traffic is never mistaken for "good": without requests there is nothing to win.
 */
export const clearanceSchema = z.object({ logEvidence: z.number() });
export type Clearance = z.infer<typeof clearanceSchema>;

/** After a block; `prodRate` is what is expected of production, from the blocks before. `limit`: a difference of rates. */
export function clear(
  clearance: Clearance,
  limit: number,
  prodRate: number,
  canary: Sample,
  prod: Sample,
): Clearance {
  const bet = { a: prodRate, b: prodRate };
  return { logEvidence: clearance.logEvidence + logFactor(canary, prod, bet, limit) };
}

/** How many more requests of a canary as good as production it takes, at production's share of the last blocks. */
export function requestsToClear(
  { logEvidence }: Clearance,
  limit: number,
  prodRate: number,
  prodPerCanary: number,
  beta: number,
): number {
  const missing = Math.log(1 / beta) - logEvidence;
  if (missing <= 0) return 0;
  const nothing = nearestOnLine(1, prodRate, prodPerCanary, prodRate, limit);
  const gain = divergence(prodRate, nothing.canary) + prodPerCanary * divergence(prodRate, nothing.prod);
  return gain > 0 ? Math.ceil(missing / gain) : Infinity;
}

/** Kullback-Leibler divergence of two Bernoulli distributions: what a request is worth on average. */
function divergence(rate: number, against: number): number {
  return rate * Math.log(rate / against) + (1 - rate) * Math.log((1 - rate) / (1 - against));
}
