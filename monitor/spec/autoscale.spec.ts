import { autoscaleRules, type AutoscaleMemory, type AutoscaleRules } from '@coalmine/fleet/autoscale.js';
import { parseConfig } from '@coalmine/fleet/config.js';
import type { Sample } from '@coalmine/fleet/samples.js';
import fc from 'fast-check';
import { affordable, spend } from '../src/autoscale/budget.js';
import { decide, type Decision, type Server } from '../src/autoscale/decide.js';
import { loadsOf } from '../src/autoscale/load.js';
import { sampleOf } from './records.js';

const minute = 60_000;
const noon = Date.parse('2026-11-23T12:00:00Z');
const rules: AutoscaleRules = {
  ...{ min: 1, max: 5, target: 40, tolerance: 10, branch: 'main', budgetHours: null },
  ...{ windowMs: 15_000, stabilisationMs: 5 * minute, cooldownMs: minute, warmUpMs: 30_000 },
};

const servers = (...loads: (number | null)[]): Server[] =>
  loads.map((cpu, index) => ({ name: `prod-${index + 1}`, cpu, recent: cpu }));

/** What is decided after these loads have lasted for so long, looked at every 5 s; the first decision that acts ends it. */
function after(
  ms: number,
  loads: (number | null)[],
  changes: Partial<AutoscaleRules> = {},
  before: AutoscaleMemory | null = null,
): Decision {
  let memory = before;
  const start = before?.at ?? noon;
  for (let now = start + 5000; ; now += 5000) {
    const decision = decide(servers(...loads), { ...rules, ...changes }, memory, now);
    memory = decision.memory;
    if (now >= start + ms || decision.wanted !== decision.current) return decision;
  }
}

describe('the autoscaler', () => {
  it('tracks its target: ceil(current × mean / target), at once', () => {
    expect(after(0, [90]).wanted).toBe(3); // 1 × 90 / 40
    expect(after(0, [80, 80]).wanted).toBe(4);
    expect(after(0, [100, 60]).wanted).toBe(4); // of the mean, not of the most loaded
  });

  it('takes a step for as large as it is, although half of the window was before it', () => {
    const begun = [{ name: 'prod-1', cpu: 53, recent: 100 }];
    expect(decide(begun, rules, null, noon).wanted).toBe(3);
    const short = [{ name: 'prod-1', cpu: 30, recent: 90 }]; // a second of work is no load yet
    expect(decide(short, rules, null, noon).wanted).toBe(1);
  });

  it('does nothing within the tolerance', () => {
    expect(after(0, [44]).wanted).toBe(1);
    expect(after(0, [44.5]).wanted).toBe(2);
    expect(after(10 * minute, [36.5, 37]).wanted).toBe(2);
  });

  it('goes in only after the window, one by one, with a pause between', () => {
    expect(after(5 * minute - 5000, [5, 5, 5]).wanted).toBe(3);
    const first = after(5 * minute + 5000, [5, 5, 5]);
    expect(first.wanted).toBe(2);
    const memory = { ...first.memory, shrankAt: first.memory.at };
    const pausing = decide(servers(6, 6), rules, memory, memory.at + 5000);
    expect(pausing.wanted).toBe(2);
    expect(pausing.reason).toContain('the next one goes in 55 s');
    expect(after(minute, [6, 6], {}, memory).wanted).toBe(1);
  });

  it('goes by the largest need of the window: one peak holds all', () => {
    const calm = after(4 * minute, [5, 5, 5]);
    const peak = decide(servers(40, 40, 40), rules, calm.memory, calm.memory.at + 5000);
    expect(after(4 * minute, [5, 5, 5], {}, peak.memory).wanted).toBe(3);
    expect(after(6 * minute, [5, 5, 5], {}, peak.memory).wanted).toBe(2);
  });

  it('lets nobody go whose load would put the others close to the target: that would swing', () => {
    expect(after(10 * minute, [19, 19]).wanted).toBe(2); // 38 % for one, nearer to 40 than the tolerance
    expect(after(10 * minute, [17, 17]).wanted).toBe(1);
  });

  it('counts a droplet that warms up as capacity, but not its figures', () => {
    const { memory } = after(minute, [39]);
    const decision = decide(servers(70, 100), rules, memory, memory.at + 5000);
    expect(decision.mean).toBe(70);
    expect(decision.wanted).toBe(2); // 70 / 40: two are enough, and there are two
    const worse = decide(servers(95, 0), rules, memory, memory.at + 5000);
    expect(worse.wanted).toBe(3);
  });

  it('lets nobody go while a droplet warms up or says nothing; without any figures it waits', () => {
    expect(after(10 * minute, [5, null, 5]).wanted).toBe(3);
    expect(after(10 * minute, [null, null]).wanted).toBe(2);
    expect(after(10 * minute, [null, null]).reason).toBe('no figures');
    expect(after(0, [95, null]).wanted).toBe(3);
  });

  it('heals a pool under its minimum or over its maximum, without figures', () => {
    expect(after(0, [null], { min: 3 }).wanted).toBe(3);
    expect(after(0, [null, null, null], { max: 2 }).wanted).toBe(2);
    expect(after(0, []).wanted).toBe(0);
  });

  it('says when its maximum is not enough', () => {
    const decision = after(0, [90, 90, 90, 90, 90]);
    expect(decision.wanted).toBe(5);
    expect(decision.reason).toContain('12 droplets are needed, but the maximum of 5 is reached');
  });

  it('waits longer after each failure', () => {
    const memory = { ...after(0, [20]).memory, failures: 1, failedAt: noon };
    expect(decide(servers(90), rules, memory, noon + 59_000).wanted).toBe(1);
    expect(decide(servers(90), rules, memory, noon + 61_000).wanted).toBe(3);
    const again = { ...memory, failures: 2 };
    expect(decide(servers(90), rules, again, noon + 61_000).wanted).toBe(1);
    expect(decide(servers(90), rules, again, noon + 121_000).wanted).toBe(3);
  });

  it('watches a whole window anew when nobody looked for a while', () => {
    const before = after(4 * minute, [5, 5]).memory;
    const back = decide(servers(5, 5), rules, before, before.at + 10 * minute);
    expect(back.wanted).toBe(2);
    expect(back.reason).toContain('watching for 300 s more');
  });

  it('is never outside its limits, and never acts without a reason, whatever the loads', () => {
    const load = fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: null });
    const steps = fc.array(fc.array(load, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (loads, min) => {
        const within = { ...rules, min, max: min + 3 };
        let memory: AutoscaleMemory | null = null;
        for (const [index, one] of loads.entries()) {
          const decision = decide(servers(...one), within, memory, noon + index * 20_000);
          memory = decision.memory;
          expect(decision.reason).not.toBe('');
          if (decision.wanted > decision.current) expect(decision.wanted).toBeLessThanOrEqual(within.max);
          if (decision.wanted < decision.current) {
            expect(decision.wanted).toBe(decision.current - 1);
            expect(decision.wanted).toBeGreaterThanOrEqual(within.min);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the budget of droplet hours', () => {
  const budget = { min: 1, budgetHours: 30 };

  it('adds up by day', () => {
    const spent = spend({ day: '2026-11-23', hours: 10 }, 3, noon, noon + 30 * minute);
    expect(spent).toEqual({ day: '2026-11-23', hours: 11.5 });
    const midnight = Date.parse('2026-11-24T00:00:00Z');
    expect(spend(spent, 2, midnight - 30 * minute, midnight + 30 * minute)).toEqual({
      day: '2026-11-24',
      hours: 1,
    });
  });

  it('lays the minimum aside for the rest of the day, and affords the rest an hour', () => {
    expect(affordable(budget, 12, 1, noon)).toBe(7); // 30 - 12 used - 12 for the minimum
    expect(affordable(budget, 18, 3, noon)).toBe(1);
    expect(affordable(budget, 17.5, 2, noon)).toBe(2); // what runs may go on until nothing is left
    expect(affordable({ ...budget, budgetHours: null }, 1e6, 1, noon)).toBe(Infinity);
  });

  it('ends growth, and sends away what it does not cover any more, but never the minimum', () => {
    const memory = { ...after(0, [20]).memory, spent: { day: '2026-11-23', hours: 18.1 } };
    const grow = decide(servers(95), { ...rules, budgetHours: 30 }, memory, noon + 10_000);
    expect(grow.wanted).toBe(1);
    expect(grow.reason).toContain('the budget is reached');
    expect(decide(servers(95, 95), { ...rules, budgetHours: 30 }, memory, noon + 10_000).wanted).toBe(1);
  });
});

describe('autoscaling in coalmine.yml', () => {
  it('is on by default where there is something to decide, and aims a little under the alert', () => {
    const rules = autoscaleRules(parseConfig('name: shop'));
    expect(rules).toEqual(
      jasmine.objectContaining({ min: 1, max: 4, target: 40.5, stabilisationMs: 300_000 }),
    );
  });

  it('is off for a pool of a fixed size, and when it is said', () => {
    expect(autoscaleRules(parseConfig('name: shop\npools: { prod: { min: 2, max: 2 } }'))).toBeNull();
    expect(autoscaleRules(parseConfig('name: shop\nautoscale: { enabled: false }'))).toBeNull();
  });

  it('names the key that is wrong', () => {
    expect(() => parseConfig('name: shop\nautoscale: { target: 0 }')).toThrowError(/autoscale.target/);
    expect(() => parseConfig('name: shop\nautoscale: { cooldwn: 60s }')).toThrowError(/autoscale.cooldwn/);
  });
});

describe('the load that is decided by', () => {
  const sample = (ago: number, cpu: number) => sampleOf('prod-1', 'prod', noon - ago * 1000, cpu);

  it('is the mean of the window, and of its last third', () => {
    const samples = [20, 14, 9, 4, 1].map((ago) => sample(ago, ago < 5 ? 100 : 10));
    expect(loadsOf(['prod-1'], new Map([['prod-1', samples]]), 15_000, noon)).toEqual([
      { name: 'prod-1', cpu: 55, recent: 100 },
    ]);
  });

  it('is unknown when the figures are old, too few, or the service does not run', () => {
    const of = (samples: readonly Sample[]) =>
      loadsOf(['prod-1'], new Map([['prod-1', samples]]), 15_000, noon)[0]?.cpu;
    expect(of([40, 30, 20].map((ago) => sample(ago, 50)))).toBeNull();
    expect(of([sample(2, 50), sample(1, 50)])).toBeNull();
    expect(of([3, 2, 1].map((ago) => ({ ...sample(ago, 50), service: null })))).toBeNull();
  });
});
