import { z } from 'zod';
import type { Config } from './config.js';

/** By which rules a rollout goes on, or not. It travels with the rollout: whoever leads needs no settings of its own. */
export const planSchema = z.object({
  /** Shares of the traffic, in 1/100 %, one after the other. */
  steps: z.array(z.int().min(1).max(9900)).min(1),
  /** How long a step is watched, ms; only seconds with figures from the proxies count. */
  intervalMs: z.int().min(0),
  /** How many requests the canary must have had in a step. */
  minRequests: z.int().min(0),
  /** So much worse than production does not matter: a difference of error rates, 0 to 1. */
  errorTolerance: z.number().min(0).max(1),
  /** So much worse must be excluded before promotion: a difference of error rates, 0 to 1. */
  maxErrorIncrease: z.number().min(0.001).max(1),
  /** So much slower at p50 and p95 does not matter: 0.15 is 15 %. */
  maxLatencyIncrease: z.number().min(0),
  /** The canary may fail at most so many requests in the whole rollout; null: as many as it likes. */
  failureBudget: z.int().min(0).nullable(),
  /** So many failures in a row, while production answers, end it. */
  consecutiveFailures: z.int().min(1),
  /** How long a step may wait for requests, ms, and what then. */
  deadlineMs: z.int().min(0),
  onDeadline: z.enum(['hold', 'rollback']),
  /** After the last step: to production without asking, or held for a person. */
  promote: z.enum(['auto', 'by-hand']),
});
export type Plan = z.infer<typeof planSchema>;

/** The plan of `coalmine.yml`; a fixed `weight` is one step that is watched for ever, and promoted by hand. */
export function planOf({ canary }: Pick<Config, 'canary'>): Plan {
  const fixed = canary.weight !== undefined;
  return {
    steps: (fixed ? [canary.weight ?? 0] : canary.steps).map((share) => Math.round(share * 100)),
    intervalMs: canary.interval,
    minRequests: canary.minRequests,
    errorTolerance: canary.errorTolerance / 100,
    maxErrorIncrease: canary.maxErrorIncrease / 100,
    maxLatencyIncrease: canary.maxLatencyIncrease / 100,
    failureBudget: canary.failureBudget ?? null,
    consecutiveFailures: canary.consecutiveFailures,
    deadlineMs: canary.deadline,
    onDeadline: canary.onDeadline,
    promote: fixed ? 'by-hand' : canary.promote,
  };
}
