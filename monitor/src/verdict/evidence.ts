import type { Plan } from '@coalmine/fleet/plan.js';
import type { TrafficSecond } from '@coalmine/fleet/traffic.js';
import { z } from 'zod';
import { clear, clearanceSchema } from './clearance.js';
import { expectedRate, failuresSchema, noFailures, observeFailures } from './failures.js';
import { noSlowness, observeSlowness, slownessSchema } from './slowness.js';

const countSchema = z.object({ requests: z.int(), failures: z.int() });
const poolsSchema = z.object({ canary: countSchema, prod: countSchema });
export type Counts = z.infer<typeof poolsSchema>;

/** All that is known of a rollout; plain data, so that another leader goes on where this one was. */
export const evidenceSchema = z.object({
  failures: failuresSchema,
  slowness: slownessSchema,
  clearance: clearanceSchema,
  total: poolsSchema,
  /** Since the step began; `seconds`: those that had figures. */
  step: poolsSchema.extend({ seconds: z.int() }),
  /** The latest second, counted from the epoch; several proxies tell of the same one. */
  lastSecond: z.int(),
  /** The canary's failures in a row, and what production did meanwhile. */
  row: poolsSchema,
  /** Requests a second, of late. */
  pace: z.object({ canary: z.number(), prod: z.number() }),
});
export type Evidence = z.infer<typeof evidenceSchema>;

const paceForgets = 0.95;
const nobody: Counts = { canary: { requests: 0, failures: 0 }, prod: { requests: 0, failures: 0 } };

/** Before the first second. */
export function noEvidence(): Evidence {
  return {
    failures: noFailures(),
    slowness: noSlowness(),
    clearance: { logEvidence: 0 },
    total: nobody,
    step: { ...nobody, seconds: 0 },
    lastSecond: 0,
    row: nobody,
    pace: { canary: 0, prod: 0 },
  };
}

/** What is known after one more second of traffic. A second before the rollout teaches what production is like. */
export function observe(evidence: Evidence, plan: Plan, second: TrafficSecond): Evidence {
  const { prod, canary } = second;
  const at = Math.floor(second.at / 1000);
  const failed = {
    canary: { requests: canary.requests, events: canary.failures },
    prod: { requests: prod.requests, events: prod.failures },
  };
  const { failures, slowness, clearance } = evidence;
  return {
    failures: observeFailures(failures, plan.errorTolerance, failed.canary, failed.prod),
    slowness: observeSlowness(slowness, plan.maxLatencyIncrease, canary, prod),
    clearance: clear(clearance, plan.maxErrorIncrease, expectedRate(failures), failed.canary, failed.prod),
    total: add(evidence.total, second),
    step: {
      ...add(evidence.step, second),
      seconds: evidence.step.seconds + (at > evidence.lastSecond ? 1 : 0),
    },
    lastSecond: Math.max(at, evidence.lastSecond),
    // A second does not tell the order of its requests: one that was answered ends the row.
    row: canary.failures < canary.requests ? nobody : add(evidence.row, second),
    pace: {
      canary: paceForgets * evidence.pace.canary + (1 - paceForgets) * canary.requests,
      prod: paceForgets * evidence.pace.prod + (1 - paceForgets) * prod.requests,
    },
  };
}

/** A new step: what must be seen anew is forgotten, the bets go on. */
export function nextStep(evidence: Evidence): Evidence {
  return { ...evidence, clearance: { logEvidence: 0 }, step: { ...nobody, seconds: 0 } };
}

/** The rollout begins: only what was learnt of production is kept. */
export function beginJudging({ failures, slowness }: Evidence): Evidence {
  const fresh = noEvidence();
  return {
    ...fresh,
    failures: { ...fresh.failures, prod: failures.prod },
    slowness: { ...fresh.slowness, prod: slowness.prod },
  };
}

function add(counts: Counts, second: TrafficSecond): Counts {
  const sum = (pool: 'canary' | 'prod') => ({
    requests: counts[pool].requests + second[pool].requests,
    failures: counts[pool].failures + second[pool].failures,
  });
  return { canary: sum('canary'), prod: sum('prod') };
}
