import type { Redis } from 'ioredis';
import { change, Conflict } from './change.js';
import { addEvent } from './events.js';
import { keys } from './keys.js';
import { isActive, readRollout, setRollout, type Rollout } from './rollout.js';

/** What a person may want of a rollout at any moment. */
export type Order =
  | { kind: 'pause' | 'resume' | 'skip' | 'abort' | 'promote' }
  /** A share of the traffic, %. */
  | { kind: 'weight'; percent: number }
  | { kind: 'allow'; names: string[]; remove: boolean };

/** An order that makes no sense now: why, and the way out. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    message: string,
    readonly wayOut: string,
  ) {
    super(message);
  }
}

/**
 * The rollout after an order. The controller does what follows (Jenkins builds); the weight holds from the write on, also
 * without a controller. Throws a Refused when the order makes no sense now.
 */
export function obey(rollout: Rollout, order: Order, reason: string, now = new Date()): Rollout {
  const since = now.toISOString();
  if (order.kind === 'allow') {
    const others = (rollout.allow ?? []).filter((name) => !order.names.includes(name));
    return { ...rollout, allow: order.remove ? others : [...others, ...order.names] };
  }
  if (!isActive(rollout)) {
    throw new Refused(
      `There is no rollout: the last one is ${rollout.state} (${rollout.reason})`,
      'Commit on the canary’s branch, or: coalmine deploy --target canary',
    );
  }
  if (rollout.state === 'rolling-back' && order.kind !== 'abort') {
    throw new Refused('The rollout is being rolled back', 'Wait for its end, then release again.');
  }
  if (rollout.state === 'promoting' && order.kind !== 'abort') {
    throw new Refused('The rollout is being promoted', 'To stop it: coalmine canary abort');
  }
  const steps = rollout.plan?.steps ?? [rollout.weight];
  const build = { decided: since };
  switch (order.kind) {
    case 'pause':
      return { ...rollout, state: 'paused', reason };
    case 'resume':
      return {
        ...rollout,
        ...{ state: 'running', weight: steps[rollout.step] ?? rollout.weight, stepSince: since, reason },
      };
    case 'weight':
      return { ...rollout, state: 'paused', weight: weightOf(order.percent), reason };
    case 'skip': {
      const step = rollout.step + 1;
      const weight = steps[step];
      if (weight === undefined) return { ...rollout, state: 'promoting', stepSince: since, build, reason };
      return { ...rollout, state: 'running', step, weight, stepSince: since, reason };
    }
    case 'abort':
      return { ...rollout, state: 'rolling-back', weight: 0, stepSince: since, build, reason };
    case 'promote':
      return { ...rollout, state: 'promoting', stepSince: since, build, reason };
  }
}

/**
 * Carries out an order: the rollout and the audit log change together. With `expected`, the rollout that the person has
 * seen, another one is not touched. Throws a Refused when the order makes no sense now.
 */
export async function carryOut(
  redis: Redis,
  wanted: Order,
  by: { who: string; why?: string },
  expected?: string,
): Promise<Rollout> {
  const { who, why = 'by hand' } = by;
  for (let tries = 1; ; tries += 1) {
    try {
      await redis.watch(keys.rollout);
      const rollout = await readRollout(redis);
      if (!rollout) throw new Refused('There was no rollout yet', 'Commit on the canary’s branch first.');
      if (expected !== undefined && rollout.id !== expected) {
        throw new Refused('Meanwhile another rollout has begun', 'Look at that one, then decide again.');
      }
      const next = obey(rollout, wanted, `${why} (${wanted.kind} by ${who})`);
      await change(redis, 'rollout', (transaction) => {
        const subject = rollout.release ?? rollout.id;
        addEvent(transaction, { who, what: what(wanted), subject, why, weight: next.weight });
        setRollout(transaction, next);
      });
      return next;
    } catch (error) {
      if (error instanceof Refused) await redis.unwatch();
      // The controller was faster: look again at what there is now.
      if (!(error instanceof Conflict) || tries >= 5) throw error;
    }
  }
}

function what(wanted: Order): string {
  if (wanted.kind === 'weight') return `canary weight ${wanted.percent} %`;
  if (wanted.kind === 'allow')
    return `canary ${wanted.remove ? 'disallow' : 'allow'} ${wanted.names.join(' ')}`;
  return `canary ${wanted.kind}`;
}

function weightOf(percent: number): number {
  const weight = Math.round(percent * 100);
  if (weight >= 0 && weight <= 10_000) return weight;
  throw new Refused(`${percent} is not a share of the traffic`, 'Give a number from 0 to 100, in %.');
}
