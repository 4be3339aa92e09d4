import type { Plan } from '@coalmine/fleet/plan.js';
import { latencyBoundsMs, type TrafficSecond } from '@coalmine/fleet/traffic.js';
import { z } from 'zod';
import { betsSchema, openBets, settle } from './bets.js';
import { clear, clearanceSchema } from './clearance.js';
import { bucketsOf, noLatencies, quantileBucket, remember, slowerThan } from './latency.js';
import { wagers, type Metric } from './metrics.js';
import { foretell } from './rates.js';

const countSchema = z.object({ requests: z.int(), failures: z.int() });
const poolsSchema = z.object({ canary: countSchema, prod: countSchema });
export type Counts = z.infer<typeof poolsSchema>;

/** All that is known of a rollout; plain data, so that another leader goes on where this one was. */
export const evidenceSchema = z.object({
  bets: z.object({ failures: betsSchema, p50: betsSchema, p95: betsSchema }),
  clearance: clearanceSchema,
  /** Production's latencies so far, by bucket. */
  latency: z.array(z.number()).length(latencyBoundsMs.length + 1),
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
export function noEvidence(plan: Plan): Evidence {
  const bets = wagers(plan);
  return {
    bets: { failures: openBets(bets.failures), p50: openBets(bets.p50), p95: openBets(bets.p95) },
    clearance: { logEvidence: 0 },
    latency: [...noLatencies],
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
  const wager = wagers(plan);
  const failed = {
    canary: { requests: canary.requests, events: canary.failures },
    prod: { requests: prod.requests, events: prod.failures },
  };
  const prodRate = foretell(evidence.bets.failures.prod, wager.failures.prior);
  const slow = (metric: Exclude<Metric, 'failures'>, quantile: number) => {
    const bucket = quantileBucket(evidence.latency, quantile);
    if (bucket === null) return evidence.bets[metric];
    const allowed = bucket + bucketsOf(plan.maxLatencyIncrease);
    return settle(
      ...([evidence.bets[metric], wager[metric]] as const),
      ...([slowerThan(allowed, canary), slowerThan(bucket, prod)] as const),
    );
  };
  return {
    bets: {
      failures: settle(evidence.bets.failures, wager.failures, failed.canary, failed.prod),
      p50: slow('p50', 0.5),
      p95: slow('p95', 0.95),
    },
    clearance: clear(evidence.clearance, plan.maxErrorIncrease, prodRate, failed.canary, failed.prod),
    latency: [...remember(evidence.latency, prod.latency)],
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
export function beginJudging(learnt: Evidence, plan: Plan): Evidence {
  const fresh = noEvidence(plan);
  const withProd = (metric: Metric) => ({ ...fresh.bets[metric], prod: learnt.bets[metric].prod });
  return {
    ...fresh,
    bets: { failures: withProd('failures'), p50: withProd('p50'), p95: withProd('p95') },
    latency: learnt.latency,
  };
}

function add(counts: Counts, second: TrafficSecond): Counts {
  const sum = (pool: 'canary' | 'prod') => ({
    requests: counts[pool].requests + second[pool].requests,
    failures: counts[pool].failures + second[pool].failures,
  });
  return { canary: sum('canary'), prod: sum('prod') };
}
