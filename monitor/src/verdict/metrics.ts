import type { Plan } from '@coalmine/fleet/plan.js';
import type { Wager } from './bets.js';

/** What the canary is compared in: the share of failed requests, and of requests slower than production's quantiles. */
export const metrics = ['failures', 'p50', 'p95'] as const;
export type Metric = (typeof metrics)[number];

/** By how much more often the canary may fail: a leak, a bug in a corner, one in a main path, a dead server. */
const moreFailures = [0.005, 0.02, 0.08, 0.3];
const deadCanary = 0.95;
const onDeadCanary = 0.3;
const onItself = 0.3;

/** By how much the odds of being slow may rise, as logarithms. */
const moreOdds = [0.5, 1, 2];

/** What is bet on, and how much is tolerated, by metric. */
export function wagers(plan: Pick<Plan, 'errorTolerance'>): Record<Metric, Wager> {
  const slower = (mean: number): Wager => ({
    // The tolerance is in the bound that the canary's requests are held against.
    tolerance: 0,
    alternatives: (prod) =>
      moreOdds.map((more) => ({ rate: atOdds(prod, more), share: (1 - onItself) / moreOdds.length })),
    onItself,
    prior: { mean, strength: 2 },
  });
  const { errorTolerance } = plan;
  return {
    failures: {
      tolerance: errorTolerance,
      alternatives: (prod) => [
        ...moreFailures.map((more) => ({
          rate: Math.min(deadCanary, prod + errorTolerance + more),
          share: (1 - onDeadCanary - onItself) / moreFailures.length,
        })),
        { rate: deadCanary, share: onDeadCanary },
      ],
      onItself,
      prior: { mean: 0.01, strength: 10 },
    },
    p50: slower(0.5),
    p95: slower(0.05),
  };
}

function atOdds(rate: number, more: number): number {
  const odds = (rate / (1 - rate)) * Math.exp(more);
  return odds / (1 + odds);
}
