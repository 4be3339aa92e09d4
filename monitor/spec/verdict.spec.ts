import { parseConfig } from '@coalmine/fleet/config.js';
import { planOf, type Plan } from '@coalmine/fleet/plan.js';
import { latencyBucket, type PoolTraffic } from '@coalmine/fleet/traffic.js';
import { clear } from '../src/verdict/clearance.js';
import { logEvidence } from '../src/verdict/bets.js';
import { beginJudging, noEvidence, observe, type Evidence } from '../src/verdict/evidence.js';
import { noFailures, observeFailures } from '../src/verdict/failures.js';
import { alpha, beta, judge, logJointEvidence } from '../src/verdict/judge.js';
import { logFactor, nearestOnLine } from '../src/verdict/projection.js';
import { poolSecond } from './second.js';

const plan: Plan = { ...planOf(parseConfig('name: shop')), intervalMs: 10_000 };

/** What is known after seconds of these two pools, and twenty of production alone before. */
function after(seconds: number, canary: PoolTraffic, prod: PoolTraffic, judged: Plan = plan): Evidence {
  let evidence = noEvidence();
  for (let at = 0; at < 20; at += 1)
    evidence = observe(evidence, judged, { at: at * 1000, prod, canary: poolSecond(0) });
  evidence = beginJudging(evidence);
  for (let at = 20; at < 20 + seconds; at += 1)
    evidence = observe(evidence, judged, { at: at * 1000, prod, canary });
  return evidence;
}

/** Numbers that look random and are the same each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe('the E variable of a block', () => {
  const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
  const chance = (n: number, k: number, rate: number) => choose(n, k) * rate ** k * (1 - rate) ** (n - k);

  it('expects 1 at most wherever the canary is no worse than tolerated, summed over all outcomes', () => {
    const [canaries, prods] = [3, 7];
    for (const tolerance of [0, 0.05]) {
      for (const prodRate of [0.001, 0.05, 0.3, 0.9]) {
        for (const better of [0, 0.01, 0.04]) {
          const canaryRate = Math.min(1, Math.max(0, prodRate + tolerance - better));
          let expected = 0;
          for (let ya = 0; ya <= canaries; ya += 1) {
            for (let yb = 0; yb <= prods; yb += 1) {
              const factor = logFactor(
                { requests: canaries, events: ya },
                { requests: prods, events: yb },
                { a: 0.5, b: 0.1 },
                tolerance,
              );
              expected += chance(canaries, ya, canaryRate) * chance(prods, yb, prodRate) * Math.exp(factor);
            }
          }
          expect(expected).toBeLessThanOrEqual(1 + 1e-9);
        }
      }
    }
  });

  it('is more than 1 on average where the bet is right', () => {
    const canary = { requests: 100, events: 10 };
    expect(logFactor(canary, { requests: 900, events: 9 }, { a: 0.1, b: 0.01 }, 0.002)).toBeGreaterThan(5);
  });

  it('projects on the weighted mean without a tolerance, and on the line with one', () => {
    expect(nearestOnLine(10, 0.5, 30, 0.1, 0)).toEqual({ canary: 0.2, prod: 0.2 });
    const { canary, prod } = nearestOnLine(10, 0.5, 30, 0.1, 0.05);
    expect(canary - prod).toBeCloseTo(0.05, 9);
    expect(prod).toBeGreaterThan(0.1);
    expect(canary).toBeLessThan(0.5);
  });
});

describe('evidence that is looked at every second', () => {
  it(`reaches 1/α in no more than α of rollouts without a difference, however rates move`, () => {
    let alarms = 0;
    const rollouts = 400;
    for (let seed = 1; seed <= rollouts; seed += 1) {
      const draw = random(seed);
      let failures = noFailures();
      for (let second = 0; second < 300; second += 1) {
        const rate = second < 150 ? 0.01 : 0.2; // both get worse together
        const canary = { requests: 5, events: 0 };
        const prod = { requests: 25, events: 0 };
        for (const pool of [canary, prod])
          for (let index = 0; index < pool.requests; index += 1) if (draw() < rate) pool.events += 1;
        failures = observeFailures(failures, 0, canary, prod);
        if (logEvidence(failures.bets) >= Math.log(1 / alpha)) {
          alarms += 1;
          break;
        }
      }
    }
    expect(alarms / rollouts).toBeLessThanOrEqual(alpha + 0.01);
  });

  it(`clears a canary that is as bad as must be excluded in no more than β of rollouts`, () => {
    let cleared = 0;
    const rollouts = 300;
    for (let seed = 1; seed <= rollouts; seed += 1) {
      const draw = random(seed * 7919);
      let clearance = { logEvidence: 0 };
      for (let second = 0; second < 600; second += 1) {
        const canary = { requests: 5, events: 0 };
        for (let index = 0; index < canary.requests; index += 1) if (draw() < 0.025) canary.events += 1;
        const prod = { requests: 50, events: 0 };
        for (let index = 0; index < prod.requests; index += 1) if (draw() < 0.005) prod.events += 1;
        clearance = clear(clearance, 0.02, 0.005, canary, prod);
        if (clearance.logEvidence >= Math.log(1 / beta)) {
          cleared += 1;
          break;
        }
      }
    }
    expect(cleared / rollouts).toBeLessThanOrEqual(beta + 0.02);
  });

  it('finds a canary that dies after an hour of good service', () => {
    let evidence = after(3600, poolSecond(5), poolSecond(45));
    expect(judge(evidence, plan, false).kind).toBe('good');
    for (let at = 0; at < 3; at += 1)
      evidence = observe(evidence, plan, {
        at: 1e7 + at * 1000,
        prod: poolSecond(45),
        canary: poolSecond(5, 5),
      });
    expect(judge(evidence, plan, false).kind).toBe('harm');
  });

  it('never bets on a canary that is faster, or fails less', () => {
    const evidence = after(300, poolSecond(10, 0, 20), poolSecond(40, 2, 40));
    expect(logJointEvidence(evidence)).toBeLessThan(Math.log(3));
  });
});

describe('a verdict', () => {
  it('stops a canary that fails all of 50 requests/s × 5 % after two seconds of figures', () => {
    const verdict = judge(after(2, poolSecond(2, 2), poolSecond(48)), plan, false);
    expect(verdict.kind).toBe('harm');
    expect(verdict.reason).toContain('the canary fails more: 100.0 % of 4 requests, production 0.0 %');
  });

  it('stops a canary that is half as slow again, and says how slow both are', () => {
    const verdict = judge(after(60, poolSecond(3, 0, 60), poolSecond(47, 0, 40)), plan, false);
    expect(verdict.kind).toBe('harm');
    expect(verdict.reason).toMatch(/slower: [\d.]+ ms at p50, production [\d.]+ ms; [\d.]+ ms at p95/);
  });

  it('waits for requests, and says how many and how long', () => {
    const verdict = judge(after(20, poolSecond(1), poolSecond(49)), plan, false);
    expect(verdict).toEqual(jasmine.objectContaining({ kind: 'waiting', requests: 30 }));
    expect(verdict.reason).toMatch(/too little traffic yet: about 30 more requests, \d+ s at this rate/);
  });

  it('says when no requests come at all', () => {
    const verdict = judge(after(60, poolSecond(0), poolSecond(50)), plan, false);
    expect(verdict.reason).toContain('none come now');
  });

  it('wants more before promotion than before the next step: harm must be excluded', () => {
    const evidence = after(15, poolSecond(5), poolSecond(45));
    expect(judge(evidence, plan, false).kind).toBe('good');
    expect(judge(evidence, plan, true).kind).toBe('waiting');
    expect(judge(after(200, poolSecond(5), poolSecond(45)), plan, true).kind).toBe('good');
  });

  it('never promotes without production to compare with', () => {
    const verdict = judge(after(100, poolSecond(50), poolSecond(0)), plan, true);
    expect(verdict.kind).toBe('waiting');
  });

  it('keeps the budget of failed requests, also when production is as bad', () => {
    const thrifty = { ...plan, failureBudget: 20 };
    const evidence = after(30, poolSecond(10, 1), poolSecond(40, 4), thrifty);
    expect(judge(evidence, plan, false).kind).toBe('good');
    expect(judge(evidence, thrifty, false).reason).toBe('30 requests failed on the canary, the budget is 20');
  });

  it('counts failures in a row, but not when production fails too', () => {
    const lonely = { ...plan, consecutiveFailures: 3, errorTolerance: 1 };
    expect(judge(after(3, poolSecond(1, 1), poolSecond(49)), lonely, false).reason).toContain('in a row');
    expect(judge(after(3, poolSecond(1, 1), poolSecond(49, 49)), lonely, false).kind).not.toBe('harm');
  });

  it('does not blame the canary for what happens to both', () => {
    const evidence = after(120, poolSecond(10, 5, 200), poolSecond(40, 20, 200));
    expect(judge(evidence, plan, false).kind).toBe('good');
  });
});

it('latencies of a spec are where they are meant to be', () => {
  expect(poolSecond(7).latency.reduce((sum, count) => sum + count, 0)).toBe(7);
  expect(poolSecond(1).latency[latencyBucket(40) - 3]).toBe(1);
});
