import type { Fleet as Members } from '@coalmine/fleet/members.js';
import type { Redis } from 'ioredis';
import { forgetDeployments } from './deployments.js';
import type { Droplet } from './digitalocean.js';
import { destroyDroplet } from './droplets.js';
import type { Fleet } from './fleet.js';
import { writeInventory } from './inventory.js';
import { poolOf } from './plan.js';
import { leave } from './scale-out.js';

/** What an interruption, or a hand in the cloud's console, can leave behind. It costs money, or misleads the proxies. */
export interface Orphans {
  /** Droplets with the fleet's tag in no pool. */
  poolless: Droplet[];
  /** Servers that no proxy and no monitor knows. */
  unentered: Droplet[];
  /** Names in Redis whose droplets are gone. */
  entries: string[];
}

/** Compares the cloud with Redis; null: Redis does not answer, and only the cloud's side is known. Pure. */
export function findOrphans(droplets: readonly Droplet[], members: Members | null): Orphans {
  const names = new Set(droplets.filter((one) => poolOf(one)).map(({ name }) => name));
  const servers = droplets.filter((one) => ['prod', 'canary'].includes(poolOf(one) ?? ''));
  return {
    poolless: droplets.filter((one) => poolOf(one) === null),
    // Before the first deploy nobody is entered.
    unentered: members?.size ? servers.filter(({ name }) => !members.has(name)) : [],
    entries: members ? [...members.keys()].filter((name) => !names.has(name)) : [],
  };
}

/** One line each, with what they are. */
export function orphanLines({ poolless, unentered, entries }: Orphans): string[] {
  return [
    ...poolless.map(
      (one) => `droplet ${one.name} (${one.id}) is in no pool${isOurs(one) ? '' : ', and not ours'}`,
    ),
    ...unentered.map((one) => `droplet ${one.name} (${one.id}) serves nobody: an interrupted run left it`),
    ...entries.map((name) => `${name} is in the fleet, but there is no such droplet`),
  ];
}

/**
 * Destroys orphaned droplets and removes orphaned entries. A droplet in no pool that Coalmine did not make is left
 * alone, whatever its tags say. Returns what was reaped.
 */
export async function reap(fleet: Fleet, redis: Redis | null, orphans: Orphans): Promise<string[]> {
  const doomed = [...orphans.poolless.filter(isOurs), ...orphans.unentered];
  for (const droplet of doomed) await destroyDroplet(fleet.project, fleet.cloud, droplet);
  await forgetDeployments(
    fleet.project.home,
    doomed.map(({ id }) => id),
  );
  fleet.droplets = fleet.droplets.filter((droplet) => !doomed.includes(droplet));
  await writeInventory(fleet.project.home, fleet.droplets);
  if (redis) await leave(redis, orphans.entries);
  return [...doomed.map(({ name }) => name), ...(redis ? orphans.entries : [])];
}

/** Made by a call of ours: each leaves its tag. */
function isOurs({ tags }: Droplet): boolean {
  return tags.some((tag) => tag.startsWith('coalmine-op:'));
}
