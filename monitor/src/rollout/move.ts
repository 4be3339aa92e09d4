import type { Plan } from '@coalmine/fleet/plan.js';
import type { Rollout } from '@coalmine/fleet/rollout.js';
import type { Evidence } from '../verdict/evidence.js';
import { judge, lasting } from '../verdict/judge.js';

export type Move =
  | { kind: 'stay'; reason: string }
  | { kind: 'step'; reason: string; step: number; weight: number }
  | { kind: 'promote'; reason: string }
  | { kind: 'hold'; reason: string }
  | { kind: 'roll back'; reason: string };

/** What there is to know beside the figures. */
export interface Facts {
  now: number;
  /** The canary's alert: why, and since when. */
  alert: { reason: string; since: string } | null;
  /** Why the figures are not complete just now; null when they are. */
  blind: string | null;
}

/**
 * The next move of a rollout that is running, paused or held. What harms is taken back in each of the three; only one
 * that is running, and whose figures are complete, goes on.
 */
export function nextMove(rollout: Rollout, plan: Plan, evidence: Evidence, facts: Facts): Move {
  const { alert, blind, now } = facts;
  const last = rollout.step >= plan.steps.length - 1;
  const verdict = judge(evidence, plan, last);
  if (alert && alert.since >= rollout.since) return { kind: 'roll back', reason: alert.reason };
  if (verdict.kind === 'harm') return { kind: 'roll back', reason: verdict.reason };
  if (rollout.state !== 'running') return { kind: 'stay', reason: rollout.reason };
  if (verdict.kind === 'good' && !alert && blind === null) {
    const reason = `step ${rollout.step + 1} of ${plan.steps.length}: ${verdict.reason}`;
    if (!last) {
      const step = rollout.step + 1;
      return { kind: 'step', step, weight: plan.steps[step] ?? rollout.weight, reason };
    }
    return plan.promote === 'auto'
      ? { kind: 'promote', reason }
      : { kind: 'hold', reason: `${reason}; to be promoted by hand` };
  }
  const reason = alert
    ? `an alert from before the rollout is not over: ${alert.reason}`
    : (blind ?? verdict.reason);
  if (now - Date.parse(rollout.stepSince) < plan.deadlineMs) return { kind: 'stay', reason };
  const late = `no verdict within ${lasting(plan.deadlineMs / 1000)}: ${reason}`;
  return plan.onDeadline === 'hold' ? { kind: 'hold', reason: late } : { kind: 'roll back', reason: late };
}
