import { addEvent } from '@coalmine/fleet/events.js';
import { keys } from '@coalmine/fleet/keys.js';
import { readRollout, setRollout, type Rollout } from '@coalmine/fleet/rollout.js';
import type { Leadership } from './lease.js';
import { setRecord, type EvidenceRecord } from './record.js';

/** The next state of a rollout, and what the audit log says of it. */
export interface Transition {
  /** `canary step`, `canary rolled back` … */
  what: string;
  /** For the log; the rollout's own reason if it is not given. */
  why?: string;
  next: Partial<Rollout>;
}

/**
 * Writes a transition together with its event and its evidence, in one MULTI, before anybody acts on it. Returns false,
 * and writes nothing, when the rollout is not any more what was judged: a person or a new release was faster.
 */
export async function writeTransition(
  leadership: Leadership,
  judged: Rollout,
  { what, why, next }: Transition,
  record: EvidenceRecord | null,
): Promise<boolean> {
  const reason = next.reason ?? judged.reason;
  return leadership.fenced('rollout', [keys.rollout], async (redis) => {
    const current = await readRollout(redis);
    if (JSON.stringify(current) !== JSON.stringify(judged)) return null;
    return (transaction) => {
      addEvent(transaction, {
        who: `controller on ${leadership.holder}`,
        what,
        subject: judged.release ?? judged.id,
        why: why ?? reason,
        weight: next.weight ?? judged.weight,
      });
      setRollout(transaction, { ...judged, ...next });
      if (record) setRecord(transaction, record, leadership.holder, reason);
    };
  });
}

/** Nobody is sent to the canary any more, from this write on; its droplets follow. */
export function toRollingBack(reason: string, now: Date): Transition {
  const decided = now.toISOString();
  return {
    what: 'canary rolling back',
    next: { state: 'rolling-back', weight: 0, stepSince: decided, build: { decided }, reason },
  };
}

export function toPromoting(reason: string, now: Date): Transition {
  const decided = now.toISOString();
  return {
    what: 'canary promoting',
    next: { state: 'promoting', stepSince: decided, build: { decided }, reason },
  };
}

/** Production runs the same release: a canary of its own is not needed any more. */
export function toPromoted(reason: string): Transition {
  return { what: 'canary promoted', next: { state: 'promoted', weight: 0, reason } };
}

export function toRolledBack(reason: string): Transition {
  return { what: 'canary rolled back', next: { state: 'rolled-back', weight: 0, reason } };
}
