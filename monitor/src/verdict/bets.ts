import { z } from 'zod';
import { logFactor, type Sample } from './projection.js';
import { foretell, forget, learn, ratesSchema, type Belief } from './rates.js';

/**
 * The wealth of a bettor against "the canary is no worse than production plus a tolerance". It starts at 1; as long as
 * the canary is no worse its expectation never grows, so it ever reaches 1/α with probability α at most (Ville), looked
 * at as often as one likes. Kept as logarithms: a dead canary would overflow a number within one block.
 */
export const betsSchema = z.object({
  /** What is not staked yet, for bets that begin later. */
  logCash: z.number(),
  logWealth: z.array(z.number()),
  canary: ratesSchema,
  prod: ratesSchema,
});
export type Bets = z.infer<typeof betsSchema>;

export interface Alternative {
  rate: number;
  share: number;
}

/** What one metric bets on. */
export interface Wager {
  /** How much worse than production the canary may be: a difference of rates. */
  tolerance: number;
  /** Rates of the canary that are bet on, given production's, each with its share of the stakes. */
  alternatives: (prod: number) => readonly Alternative[];
  /** The share of the stakes that is on the canary's own rate so far. */
  onItself: number;
  prior: Belief;
}

/**
 * Most of the wealth is staked at once. The rest is staked bit by bit, this share of it at every block, so that a canary
 * that goes bad after an hour of good service is still found soon: without it, the first bets would have lost too much.
 * A mixture over the moments at which the trouble begins is an E process like each of its parts.
 */
const stakedAtOnce = 0.7;
const stakedLaterPerBlock = 1 / 300;

/** The wealth before anything was seen. */
export function openBets(wager: Wager): Bets {
  const shares = [wager.onItself, ...wager.alternatives(0.5).map((alternative) => alternative.share)];
  return {
    logCash: Math.log(1 - stakedAtOnce),
    logWealth: shares.map((share) => Math.log(stakedAtOnce * share)),
    canary: { requests: 0, events: 0 },
    prod: { requests: 0, events: 0 },
  };
}

/** The wealth after a block. The rates that are bet on come from the blocks before it only. */
export function settle(bets: Bets, wager: Wager, canary: Sample, prod: Sample): Bets {
  const b = foretell(bets.prod, wager.prior);
  const rates = {
    canary: learn(forget(bets.canary), canary),
    prod: learn(forget(bets.prod), prod),
  };
  if (canary.requests === 0 || prod.requests === 0) return { ...bets, prod: rates.prod };
  const own = {
    rate: foretell(bets.canary, { mean: b, strength: wager.prior.strength }),
    share: wager.onItself,
  };
  const stake = bets.logCash + Math.log(stakedLaterPerBlock);
  const logWealth = [own, ...wager.alternatives(b)].map(({ rate, share }, index) => {
    const wealth = logSum(bets.logWealth[index] ?? -Infinity, stake + Math.log(share));
    // Only "worse" is bet on: elsewhere the money rests.
    if (rate <= b + wager.tolerance) return wealth;
    return wealth + logFactor(canary, prod, { a: rate, b }, wager.tolerance);
  });
  return { logCash: bets.logCash + Math.log1p(-stakedLaterPerBlock), logWealth, ...rates };
}

/** The logarithm of the E value. */
export function logEvidence(bets: Bets): number {
  return bets.logWealth.reduce(logSum, bets.logCash);
}

/** ln(e^a + e^b), without overflow. */
export function logSum(a: number, b: number): number {
  const high = Math.max(a, b);
  return high + Math.log1p(Math.exp(Math.min(a, b) - high));
}
