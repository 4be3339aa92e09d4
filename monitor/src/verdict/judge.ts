import type { Plan } from '@coalmine/fleet/plan.js';
import { logEvidence, logSum } from './bets.js';
import { requestsToClear } from './clearance.js';
import type { Evidence } from './evidence.js';
import { expectedRate } from './failures.js';
import { quantileMs } from './latency.js';

/** A canary as good as production is rolled back with this probability at most, however long and often it is looked at. */
export const alpha = 0.01;
/** A canary that fails `maxErrorIncrease` more often than production is cleared with this probability at most. */
export const beta = 0.03;

export type Verdict =
  /** Clearly worse: it has to go. */
  | { kind: 'harm'; reason: string }
  /** The step has seen what it must, and nothing bad. */
  | { kind: 'good'; reason: string }
  /** Nothing bad, but not seen enough: about so many more requests, so many seconds at this rate. */
  | { kind: 'waiting'; reason: string; requests: number; seconds: number };

/** The mean of two E values is one too, which costs less than to divide α between them (Vovk and Wang 2021). */
export function logJointEvidence({ failures, slowness }: Evidence): number {
  return logSum(logEvidence(failures.bets), logEvidence(slowness.bets)) - Math.log(2);
}

/** What the figures say. `last`: a good verdict promotes, so that harm must be excluded, not only unseen. */
export function judge(evidence: Evidence, plan: Plan, last: boolean): Verdict {
  const harm = findHarm(evidence, plan);
  if (harm) return { kind: 'harm', reason: harm };
  const requests = Math.max(
    plan.minRequests - evidence.step.canary.requests,
    last ? missingForPromotion(evidence, plan) : 0,
    0,
  );
  const seconds = Math.max(
    plan.intervalMs / 1000 - evidence.step.seconds,
    requests > 0 ? requests / evidence.pace.canary : 0,
  );
  if (requests > 0) return { kind: 'waiting', requests, seconds, reason: waitingFor(requests, seconds) };
  if (seconds > 0) {
    return { kind: 'waiting', requests, seconds, reason: `good so far, ${lasting(seconds)} to go` };
  }
  const { canary } = evidence.step;
  return { kind: 'good', reason: `${count(canary.requests)} requests, no worse than production` };
}

function findHarm(evidence: Evidence, plan: Plan): string | null {
  const { failureBudget } = plan;
  const { canary } = evidence.total;
  if (evidence.row.canary.failures >= longestRow(evidence, plan))
    return `${count(evidence.row.canary.failures)} requests failed in a row on the canary`;
  if (failureBudget !== null && canary.failures > failureBudget)
    return `${count(canary.failures)} requests failed on the canary, the budget is ${count(failureBudget)}`;
  const joint = logJointEvidence(evidence);
  if (joint < Math.log(1 / alpha)) return null;
  const failsMore = logEvidence(evidence.failures.bets) > logEvidence(evidence.slowness.bets);
  const what = failsMore ? moreFailures(evidence) : slower(evidence);
  return `${what} (evidence ${power(joint)}, enough is ${1 / alpha})`;
}

/** How long a row must be: the configured length, or as long as production's own failures would hardly ever be. */
function longestRow({ row }: Evidence, { consecutiveFailures }: Plan): number {
  const prodRate = (row.prod.failures + 0.5) / (row.prod.requests + 1);
  const hardlyEver = 1e-6;
  return Math.max(consecutiveFailures, Math.log(hardlyEver) / Math.log(prodRate));
}

function moreFailures({ total: { canary, prod } }: Evidence): string {
  return `the canary fails more: ${share(canary.failures, canary.requests)} of ${count(canary.requests)} requests, production ${share(prod.failures, prod.requests)} of ${count(prod.requests)}`;
}

function slower({ slowness }: Evidence): string {
  const at = (quantile: number) =>
    `${milliseconds(quantileMs(slowness.canary, quantile))} at p${quantile * 100}, production ${milliseconds(quantileMs(slowness.prod, quantile))}`;
  return `the canary is slower: ${at(0.5)}; ${at(0.95)}`;
}

function missingForPromotion(evidence: Evidence, plan: Plan): number {
  const { canary, prod } = evidence.pace;
  const ratio = canary > 0 ? prod / canary : 1;
  const prodRate = expectedRate(evidence.failures);
  return requestsToClear(evidence.clearance, plan.maxErrorIncrease, prodRate, ratio, beta);
}

function waitingFor(requests: number, seconds: number): string {
  if (!Number.isFinite(requests)) return 'production has no traffic to compare with';
  const more = `too little traffic yet: about ${count(requests)} more requests`;
  return Number.isFinite(seconds) ? `${more}, ${lasting(seconds)} at this rate` : `${more}, none come now`;
}

/** A length of time for people, of seconds. */
export function lasting(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  return whole < 7200 ? `${Math.ceil(whole / 60)} minutes` : `${Math.ceil(whole / 3600)} hours`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function share(part: number, whole: number): string {
  return whole > 0 ? `${((part / whole) * 100).toFixed(1)} %` : 'none';
}

function milliseconds(ms: number | null): string {
  return ms === null ? 'none' : `${ms.toPrecision(3)} ms`;
}

function power(log: number): string {
  return log < 20 ? Math.exp(log).toFixed(0) : `e^${log.toFixed(0)}`;
}
