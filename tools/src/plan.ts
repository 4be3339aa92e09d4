import type { Config } from '@coalmine/fleet/config.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import type { Droplet } from './digitalocean.js';

export interface Plan {
  create: { name: string; pool: Pool }[];
  keep: Droplet[];
  destroy: Droplet[];
}

/** The tag that every droplet of the fleet carries. */
export function fleetTag(config: Config): string {
  return `coalmine:${config.name}`;
}

export function poolTag(pool: Pool): string {
  return `coalmine-pool:${pool}`;
}

/** The pool of a droplet by its tags; null for a droplet that is not ours to touch. */
export function poolOf(droplet: Pick<Droplet, 'tags'>): Pool | null {
  const tag = droplet.tags.find((name) => name.startsWith('coalmine-pool:'));
  return (tag?.slice('coalmine-pool:'.length) as Pool | undefined) ?? null;
}

/**
 * What has to happen so that the droplets match `coalmine.yml`. Production keeps what it has between min and
 * max (autoscaling decides there); a droplet that is off or archived is replaced.
 */
export function planFleet(config: Config, existing: readonly Droplet[]): Plan {
  const keep: Droplet[] = [];
  const destroy: Droplet[] = [];
  const create: Plan['create'] = [];
  const wanted: Record<Pool, { min: number; max: number }> = {
    redis: fixed(config.pools.redis.count),
    prod: config.pools.prod,
    canary: fixed(config.pools.canary.count),
    proxy: fixed(config.pools.proxy.count),
  };
  for (const [pool, { min, max }] of Object.entries(wanted) as [Pool, { min: number; max: number }][]) {
    const members = existing.filter((droplet) => poolOf(droplet) === pool).toSorted(byName);
    const usable = members.filter((droplet) => droplet.status === 'active' || droplet.status === 'new');
    keep.push(...usable.slice(0, max));
    destroy.push(...usable.slice(max), ...members.filter((droplet) => !usable.includes(droplet)));
    const taken = new Set(usable.slice(0, max).map((droplet) => droplet.name));
    for (let number = 1; taken.size < min; number += 1) {
      const name = `${pool}-${number}`;
      if (taken.has(name)) continue;
      taken.add(name);
      create.push({ name, pool });
    }
  }
  return { create, keep, destroy };
}

function fixed(count: number): { min: number; max: number } {
  return { min: count, max: count };
}

/** prod-2 before prod-10. */
function byName(a: Droplet, b: Droplet): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}
