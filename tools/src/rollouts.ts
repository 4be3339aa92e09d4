import type { Config } from '@coalmine/fleet/config.js';
import { recordEvent } from '@coalmine/fleet/events.js';
import { planOf } from '@coalmine/fleet/plan.js';
import { beginRollout, isActive, readRollout, writeRollout } from '@coalmine/fleet/rollout.js';
import type { Redis } from 'ioredis';

/** Begins the rollout of a release that was just deployed to the canary; one that was under way ends in the log. */
export async function openRollout(redis: Redis, config: Config, release: string, who: string): Promise<void> {
  const before = await readRollout(redis);
  if (before && isActive(before)) {
    const why = `superseded by ${release}; it was ${before.state}: ${before.reason}`;
    await recordEvent(redis, { who, what: 'canary superseded', subject: before.release ?? before.id, why });
  }
  const plan = planOf(config);
  const weight = plan.steps[0] ?? 0;
  await recordEvent(redis, {
    ...{ who, what: 'canary begins', subject: release, why: `${weight / 100} %`, weight },
  });
  await writeRollout(redis, {
    ...beginRollout(release, weight, 'deployed', new Date(), plan),
    ...(before?.allow ? { allow: before.allow } : {}),
    source: {
      repository: process.env.REPO ?? '',
      branch: process.env.BRANCH || config.pools.canary.branch,
    },
  });
}

/** The canary was put back to an earlier release: what was rolled out is over, and nobody tries it any more. */
export async function closeRollout(redis: Redis, backTo: string, who: string): Promise<void> {
  const rollout = await readRollout(redis);
  // The controller ends its own rollbacks itself, with the reason that it knows.
  if (!rollout || !isActive(rollout) || rollout.state === 'rolling-back') return;
  const reason = `the canary was put back to ${backTo}`;
  await recordEvent(redis, {
    ...{ who, what: 'canary rolled back', subject: rollout.release ?? rollout.id, why: reason, weight: 0 },
  });
  await writeRollout(redis, { ...rollout, state: 'rolled-back', weight: 0, reason });
}
