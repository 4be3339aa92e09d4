import { isActive, type Rollout } from '@coalmine/fleet/rollout.js';
import { Problem } from './problem.js';

/** What a person may want of a rollout at any moment. */
export type Order =
  | { kind: 'pause' | 'resume' | 'skip' | 'abort' | 'promote' }
  /** A share of the traffic, %. */
  | { kind: 'weight'; percent: number }
  | { kind: 'allow'; names: string[]; remove: boolean };

/**
 * The rollout after an order. The controller does what follows (Jenkins builds); the weight holds from the write on, also
 * without a controller. Throws a Problem when the order makes no sense now.
 */
export function obey(rollout: Rollout, order: Order, reason: string, now = new Date()): Rollout {
  const since = now.toISOString();
  if (order.kind === 'allow') {
    const others = (rollout.allow ?? []).filter((name) => !order.names.includes(name));
    return { ...rollout, allow: order.remove ? others : [...others, ...order.names] };
  }
  if (!isActive(rollout)) {
    throw new Problem(
      `There is no rollout: the last one is ${rollout.state} (${rollout.reason})`,
      'Commit on the canary’s branch, or: coalmine deploy --target canary',
    );
  }
  if (rollout.state === 'rolling-back' && order.kind !== 'abort') {
    throw new Problem('The rollout is being rolled back', 'Wait for its end, then release again.');
  }
  if (rollout.state === 'promoting' && order.kind !== 'abort') {
    throw new Problem('The rollout is being promoted', 'To stop it: coalmine canary abort');
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

function weightOf(percent: number): number {
  const weight = Math.round(percent * 100);
  if (weight >= 0 && weight <= 10_000) return weight;
  throw new Problem(`${percent} is not a share of the traffic`, 'Give a number from 0 to 100, in %.');
}
