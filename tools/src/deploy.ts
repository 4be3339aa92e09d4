import { recordEvent } from '@coalmine/fleet/events.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import { writeFleet, type Member } from '@coalmine/fleet/members.js';
import { runPlaybook } from './ansible.js';
import { readDeployments, recordDeployment, type Deployments } from './deployments.js';
import type { Droplet } from './digitalocean.js';
import { playbookVariables, type Fleet } from './fleet.js';
import { writeInventory } from './inventory.js';
import { poolOf } from './plan.js';
import { closeRollout, openRollout } from './rollouts.js';
import { Problem } from './problem.js';
import { parts, type Part, type Release } from './release.js';
import { withRedis } from './tunnel.js';

export type Target = 'prod' | 'canary';

/** Where a part lives, and the port that others find it at. */
export const homeOf: Record<Part, readonly Pool[]> = {
  'app-server': ['prod', 'canary'],
  'feature-flag': ['redis'],
  'proxy-server': ['proxy'],
  monitor: ['prod', 'canary', 'proxy', 'redis'],
};
export const portOf: Record<Pool, number> = { prod: 3000, canary: 3000, proxy: 80, redis: 6379 };

export interface Delivery {
  droplet: Droplet;
  parts: Part[];
}

/**
 * What has to go where. The app always goes to its target, so that the target shows the commit; Coalmine's own
 * parts go along with production, and only where their content differs from what is there. A canary that never
 * had a release gets production's.
 */
export function planDeliveries(
  target: Target,
  release: Release,
  droplets: readonly Droplet[],
  deployed: Deployments,
): Delivery[] {
  return droplets.flatMap((droplet) => {
    const pool = poolOf(droplet);
    if (!pool) return [];
    const due = parts.filter((part) => {
      const made = release.parts[part];
      if (!made || !homeOf[part].includes(pool)) return false;
      const there = deployed[droplet.id]?.[part];
      if (part === 'app-server') return pool === target || (target === 'prod' && !there);
      return target === 'prod' && there?.sha256 !== made.sha256;
    });
    return due.length > 0 ? [{ droplet, parts: due }] : [];
  });
}

/** True when some part is missing on a droplet, or one of Coalmine's own differs: then a start has to deploy. */
export function lacksRelease(deliveries: readonly Delivery[], deployed: Deployments): boolean {
  return deliveries.some(({ droplet, parts: due }) =>
    due.some((part) => part !== 'app-server' || !deployed[droplet.id]?.[part]),
  );
}

/** Deploys a release to a target and enters it in Redis, which is what the proxies go by. */
export async function deployRelease(
  fleet: Fleet,
  target: Target,
  release: Release,
  onTask: (task: string) => void,
): Promise<Delivery[]> {
  const { project, droplets } = fleet;
  if (!droplets.some((droplet) => poolOf(droplet) === target)) {
    throw new Problem(`The fleet has no ${target} droplet`, 'Run `coalmine up`.');
  }
  const deliveries = planDeliveries(target, release, droplets, await readDeployments(project.home));
  await writeInventory(project.home, droplets);
  await runPlaybook(project, {
    playbook: 'deploy',
    limit: deliveries.map(({ droplet }) => droplet.name),
    variables: {
      ...(await playbookVariables(fleet)),
      coalmine_release: release,
      coalmine_parts: parts.filter((part) => deliveries.some((delivery) => delivery.parts.includes(part))),
    },
    onTask,
  });
  await recordDeployment(project.home, deliveries, release);
  await announce(fleet, target, release.commit, 'deployed');
  return deliveries;
}

/** Puts the app on a pool back to an earlier commit that is still on the droplets; needs no build. */
export async function rollbackTo(
  fleet: Fleet,
  target: Target,
  release: Release,
  onTask: (task: string) => void,
): Promise<void> {
  const { project, droplets } = fleet;
  const members = droplets.filter((droplet) => poolOf(droplet) === target);
  await writeInventory(project.home, droplets);
  await runPlaybook(project, {
    playbook: 'rollback',
    limit: members.map((droplet) => droplet.name),
    variables: {
      ...(await playbookVariables(fleet)),
      coalmine_parts: ['app-server'],
      coalmine_rollback_to: release.commit,
    },
    onTask,
  });
  await recordDeployment(
    project.home,
    members.map((droplet) => ({ droplet, parts: ['app-server'] as Part[] })),
    release,
  );
  await announce(fleet, target, release.commit, 'rolled back to');
}

/** Enters every droplet with its release in Redis; a release that is new on the canary begins its rollout there. */
async function announce(
  fleet: Fleet,
  target: Target,
  commit: string,
  how: 'deployed' | 'rolled back to',
): Promise<void> {
  const { project, droplets } = fleet;
  const members = membersOf(droplets, await readDeployments(project.home));
  const who = process.env.BUILD_TAG ?? 'coalmine';
  await withRedis(project, droplets, async (redis) => {
    const gone = (await redis.hkeys('coalmine:fleet')).filter((name) => !(name in members));
    await writeFleet(redis, { ...members, ...Object.fromEntries(gone.map((name) => [name, null])) });
    await recordEvent(redis, { who, what: `deploy ${target}`, subject: commit });
    if (target !== 'canary') return;
    if (how === 'deployed') await openRollout(redis, project.config, commit, who);
    else await closeRollout(redis, commit, who);
  });
}

function membersOf(droplets: readonly Droplet[], deployed: Deployments): Record<string, Member> {
  return Object.fromEntries(
    droplets.flatMap((droplet) => {
      const pool = poolOf(droplet);
      if (!pool) return [];
      const release = deployed[droplet.id]?.['app-server']?.commit ?? null;
      const behindTheProxy = pool === 'prod' || pool === 'canary';
      const state = behindTheProxy && !release ? 'out' : 'in';
      return [
        [
          droplet.name,
          { pool, address: droplet.privateAddress, port: portOf[pool], state, release } as const,
        ],
      ];
    }),
  );
}
