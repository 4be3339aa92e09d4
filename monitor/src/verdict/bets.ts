import { z } from 'zod';

/**
 * The wealth of somebody who bets on "the canary is worse". It starts at 1; as long as the canary is no worse its
 * expectation never grows, so it ever reaches 1/α with probability α at most (Ville's inequality), looked at as often as
 * one likes. Kept as logarithms: a dead canary would overflow a number within one second.
 */
export const betsSchema = z.object({
  /** What is not staked yet, for bets that begin later. */
  logCash: z.number(),
  /** By alternative: what is staked on it, and what that has become. */
  logWealth: z.array(z.number()),
});
export type Bets = z.infer<typeof betsSchema>;

/**
 * Most of the wealth is staked at once. The rest is staked bit by bit, this share of it at every block, so that a canary
 * that goes bad after an hour of good service is still found soon: without it, the first bets would have lost too much.
 * A mixture over alternatives, and over the moments at which the trouble begins, is an E process like each of its parts.
 */
const stakedAtOnce = 0.9;
const stakedLaterPerBlock = 1 / 300;

/** The wealth before anything was seen; `shares` of the alternatives add up to 1. */
export function openBets(shares: readonly number[]): Bets {
  return {
    logCash: Math.log(1 - stakedAtOnce),
    logWealth: shares.map((share) => Math.log(stakedAtOnce * share)),
  };
}

/** The wealth after a block, by each alternative's factor (its E variable, as a logarithm). */
export function settle(bets: Bets, shares: readonly number[], logFactors: readonly number[]): Bets {
  const stake = bets.logCash + Math.log(stakedLaterPerBlock);
  return {
    logCash: bets.logCash + Math.log1p(-stakedLaterPerBlock),
    logWealth: shares.map(
      (share, index) =>
        logSum(bets.logWealth[index] ?? -Infinity, stake + Math.log(share)) + (logFactors[index] ?? 0),
    ),
  };
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
