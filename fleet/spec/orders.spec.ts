import { parseConfig } from '../src/config.js';
import { obey, Refused, type Order } from '../src/orders.js';
import { planOf } from '../src/plan.js';
import { beginRollout, type Rollout } from '../src/rollout.js';

const plan = planOf(parseConfig('name: shop'));
const running: Rollout = beginRollout('new', 100, 'deployed', new Date(0), plan);
const now = new Date(1000);
const after = (rollout: Rollout, order: Order) => obey(rollout, order, 'a reason', now);

describe('an order for the canary', () => {
  it('pauses and resumes at the weight of the step, with a new beginning of it', () => {
    const paused = after(running, { kind: 'pause' });
    expect(paused).toEqual({ ...running, state: 'paused', reason: 'a reason' });
    const weighed = after(paused, { kind: 'weight', percent: 12.34 });
    expect(weighed.weight).toBe(1234);
    expect(after(weighed, { kind: 'resume' })).toEqual({
      ...{ ...running, state: 'running', weight: 100, stepSince: now.toISOString(), reason: 'a reason' },
    });
  });

  it('skips to the next step, and from the last one to production', () => {
    const next = after(running, { kind: 'skip' });
    expect([next.step, next.weight]).toEqual([1, 500]);
    expect(after({ ...running, step: 3 }, { kind: 'skip' }).state).toBe('promoting');
  });

  it('takes all traffic away at once on abort, also from a promotion', () => {
    for (const state of ['running', 'held', 'promoting'] as const) {
      const aborted = after({ ...running, state }, { kind: 'abort' });
      expect([aborted.state, aborted.weight]).toEqual(['rolling-back', 0]);
      expect(aborted.build).toEqual({ decided: now.toISOString() });
    }
  });

  it('makes sense only while there is a rollout', () => {
    const over = { ...running, state: 'rolled-back', weight: 0 } as const;
    for (const kind of ['pause', 'resume', 'skip', 'abort', 'promote'] as const)
      expect(() => after(over, { kind })).toThrowError(Refused, /There is no rollout/);
    expect(() => after({ ...running, state: 'promoting' }, { kind: 'pause' })).toThrowError(Refused);
    expect(() => after(running, { kind: 'weight', percent: Number('x') })).toThrowError(/not a share/);
  });

  it('lets testers in, each once, and out again', () => {
    const allowed = after(running, { kind: 'allow', names: ['ann', 'bob'], remove: false });
    expect(after(allowed, { kind: 'allow', names: ['ann'], remove: false }).allow).toEqual(['bob', 'ann']);
    expect(after(allowed, { kind: 'allow', names: ['ann'], remove: true }).allow).toEqual(['bob']);
  });
});
