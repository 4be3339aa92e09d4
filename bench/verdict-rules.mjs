// Three ways to decide over the same traffic. Each rule is told a second of both pools and answers with the weight it
// wants (a share, 0 to 1), or with the rollout's end.
import { beginRollout } from '../fleet/dist/src/rollout.js';
import { latencyBoundsMs } from '../fleet/dist/src/traffic.js';
import { nextMove } from '../monitor/dist/src/rollout/move.js';
import { beginJudging, nextStep, noEvidence, observe } from '../monitor/dist/src/verdict/evidence.js';

/** The very functions that the controller runs on. */
export class Coalmine {
  constructor(plan, before) {
    this.plan = plan;
    let learnt = noEvidence();
    for (const second of before) learnt = observe(learnt, plan, second);
    this.evidence = beginJudging(learnt);
    this.rollout = beginRollout('a release', plan.steps[0], '', new Date(0), plan);
  }

  get weight() {
    return this.rollout.weight / 10_000;
  }

  judge(second) {
    this.evidence = observe(this.evidence, this.plan, second);
    const facts = { now: second.at + 1000, alert: null, blind: null };
    const move = nextMove(this.rollout, this.plan, this.evidence, facts);
    if (move.kind === 'step') {
      const { step, weight } = move;
      this.rollout = { ...this.rollout, step, weight, stepSince: new Date(facts.now).toISOString() };
      this.evidence = nextStep(this.evidence);
    }
    return { promote: 'promoted', 'roll back': 'rolled back', hold: 'held' }[move.kind] ?? null;
  }
}

/**
 * Flagger's: once a minute the canary's last minute against fixed thresholds (99 % of answers good, p99 at most
 * 500 ms); a check that passes goes a step further, one that fails stays, the fifth that failed ends it.
 */
export class Flagger {
  constructor(plan) {
    this.steps = plan.steps;
    this.step = 0;
    this.failed = 0;
    this.minute = empty();
    this.seconds = 0;
  }

  get weight() {
    return this.steps[this.step] / 10_000;
  }

  judge({ canary }) {
    add(this.minute, canary);
    this.seconds += 1;
    if (this.seconds % 60 !== 0) return null;
    const { requests, failures, latency } = this.minute;
    this.minute = empty();
    if (requests === 0) return null; // no value: it halts
    const good = failures / requests <= 0.01 && quantile(latency, 0.99) <= 500;
    if (!good) this.failed += 1;
    else this.step += 1;
    if (this.failed >= 5) return 'rolled back';
    return this.step >= this.steps.length ? 'promoted' : null;
  }
}

/**
 * Kayenta's: at each step's end the points so far (one every ten seconds) of error rate, p50 and p95, canary against
 * production by Mann-Whitney, as its NetflixACAJudge does: High when the lower end of the shift's 98 % confidence
 * interval is over 0.25 of the Hodges-Lehmann estimate. One metric that is High ends it.
 */
export class Kayenta {
  constructor(plan) {
    this.steps = plan.steps;
    this.stepSeconds = plan.intervalMs / 1000;
    this.step = 0;
    this.seconds = 0;
    this.points = { canary: [[], [], []], prod: [[], [], []] };
    this.now = { canary: empty(), prod: empty() };
  }

  get weight() {
    return this.steps[this.step] / 10_000;
  }

  judge(second) {
    this.seconds += 1;
    for (const pool of ['canary', 'prod']) add(this.now[pool], second[pool]);
    if (this.seconds % 10 === 0) this.makePoints();
    if (this.seconds % this.stepSeconds !== 0) return null;
    const { canary, prod } = this.points;
    if (canary.some((values, metric) => isHigh(values, prod[metric]))) return 'rolled back';
    this.step += 1;
    return this.step >= this.steps.length ? 'promoted' : null;
  }

  makePoints() {
    for (const pool of ['canary', 'prod']) {
      const { requests, failures, latency } = this.now[pool];
      this.now[pool] = empty();
      if (requests === 0) continue;
      const values = [failures / requests, quantile(latency, 0.5), quantile(latency, 0.95)];
      for (const [metric, value] of values.entries()) this.points[pool][metric].push(value);
    }
  }
}

/** Mann-Whitney's confidence interval by the normal approximation, as R's wilcox.test has it for more than a few points. */
function isHigh(canary, prod) {
  if (canary.length < 2 || prod.length < 2) return false; // Nodata
  const shifts = canary.flatMap((value) => prod.map((other) => value - other)).sort((a, b) => a - b);
  const estimate = (shifts[(shifts.length - 1) >> 1] + shifts[shifts.length >> 1]) / 2;
  const z98 = 2.3263;
  const spread = Math.sqrt((canary.length * prod.length * (canary.length + prod.length + 1)) / 12);
  const lower = shifts[Math.max(0, Math.round(shifts.length / 2 - z98 * spread))];
  return lower > 0.25 * estimate && lower > 0;
}

function empty() {
  return { requests: 0, failures: 0, latency: new Array(latencyBoundsMs.length + 1).fill(0) };
}

function add(sum, { requests, failures, latency }) {
  sum.requests += requests;
  sum.failures += failures;
  for (let index = 0; index < latency.length; index += 1) sum.latency[index] += latency[index];
}

/** A quantile in ms, by linear interpolation within its bucket. */
function quantile(latency, q) {
  const total = latency.reduce((sum, count) => sum + count, 0);
  let left = q * total;
  for (const [bucket, count] of latency.entries()) {
    if (count > 0 && count >= left) {
      const low = latencyBoundsMs[bucket - 1] ?? 0;
      const high = latencyBoundsMs[bucket] ?? low;
      return low + ((high - low) * left) / count;
    }
    left -= count;
  }
  return latencyBoundsMs.at(-1);
}
