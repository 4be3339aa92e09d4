import { parseConfig } from '@coalmine/fleet/config.js';
import { planOf, type Plan } from '@coalmine/fleet/plan.js';
import { beginRollout, type Rollout } from '@coalmine/fleet/rollout.js';
import { nextMove, type Facts } from '../src/rollout/move.js';
import { noEvidence, observe, type Evidence } from '../src/verdict/evidence.js';
import { poolSecond } from './second.js';

const plan: Plan = { ...planOf(parseConfig('name: shop')), intervalMs: 10_000 };
const began = Date.parse('2026-01-01T00:00:00Z');
const rollout: Rollout = beginRollout('new', 100, 'deployed', new Date(began), plan);
const lastStep: Rollout = { ...rollout, step: 3, weight: 5000 };
const facts: Facts = { now: began + 60_000, alert: null, blind: null };

function after(seconds: number, failures = 0): Evidence {
  let evidence = noEvidence();
  for (let at = 0; at < seconds; at += 1)
    evidence = observe(evidence, plan, {
      ...{ at: began + at * 1000, prod: poolSecond(40), canary: poolSecond(10, failures) },
    });
  return evidence;
}

describe('the next move of a rollout', () => {
  it('is the next step once the step has seen what it must', () => {
    expect(nextMove(rollout, plan, after(9), facts)).toEqual({
      kind: 'stay',
      reason: 'good so far, 1 s to go',
    });
    expect(nextMove(rollout, plan, after(10), facts)).toEqual(
      jasmine.objectContaining({ kind: 'step', step: 1, weight: 500 }),
    );
  });

  it('is promotion after the last step, or a person’s turn when that is wanted', () => {
    expect(nextMove(lastStep, plan, after(120), facts).kind).toBe('promote');
    const held = nextMove(lastStep, { ...plan, promote: 'by-hand' }, after(120), facts);
    expect(held.kind).toBe('hold');
    expect(held.reason).toContain('to be promoted by hand');
  });

  it('is nothing while figures are missing, however good they were', () => {
    const blind = 'no figures from proxy-1 for 8 s';
    expect(nextMove(rollout, plan, after(60), { ...facts, blind })).toEqual({ kind: 'stay', reason: blind });
  });

  it('is back at once for harm, also while it is paused, held or blind', () => {
    for (const state of ['running', 'paused', 'held'] as const)
      expect(nextMove({ ...rollout, state }, plan, after(3, 10), { ...facts, blind: 'blind' }).kind).toBe(
        'roll back',
      );
  });

  it('is back for an alert of this rollout; one from before only keeps it waiting', () => {
    const at = (since: number) => ({ reason: 'cpu at 80 %', since: new Date(since).toISOString() });
    expect(nextMove(rollout, plan, after(60), { ...facts, alert: at(began + 1) })).toEqual({
      ...{ kind: 'roll back', reason: 'cpu at 80 %' },
    });
    expect(nextMove(rollout, plan, after(60), { ...facts, alert: at(began - 1) }).kind).toBe('stay');
  });

  it('leaves a paused rollout where it is', () => {
    const paused = { ...rollout, state: 'paused', reason: 'lunch' } as const;
    expect(nextMove(paused, plan, after(60), facts)).toEqual({ kind: 'stay', reason: 'lunch' });
  });

  it('gives up waiting at the deadline, as configured', () => {
    const late = { ...facts, now: began + plan.deadlineMs };
    const hold = nextMove(rollout, plan, after(2), late);
    expect(hold.kind).toBe('hold');
    expect(hold.reason).toMatch(/^no verdict within 60 minutes: too little traffic yet: about 30 more/);
    expect(nextMove(rollout, { ...plan, onDeadline: 'rollback' }, after(2), late).kind).toBe('roll back');
  });
});
