import type { Config } from '@coalmine/fleet/config.js';
import type { Fleet as Members } from '@coalmine/fleet/members.js';
import type { Droplet } from './digitalocean.js';
import { poolOf } from './plan.js';
import { Problem } from './problem.js';

/** How production comes to another size. Nothing is in two of these. */
export interface ScalePlan {
  /** Droplets that serve, or will again, and stay. */
  keep: Droplet[];
  /** Droplets that an interrupted run left outside the rotation; they are finished before new ones are made. */
  finish: Droplet[];
  /** Names of droplets to be made. */
  create: string[];
  /** Droplets that leave: drained first, those that serve. */
  remove: Droplet[];
}

/** A size that `coalmine.yml` allows. Throws a Problem that names the key. */
export function checkedSize(config: Config, wanted: number): number {
  const { min, max } = config.pools.prod;
  if (!Number.isInteger(wanted)) throw new Problem(`"${wanted}" is not a number of droplets`);
  if (wanted < min)
    throw new Problem(
      `Production has at least ${min} ${min === 1 ? 'droplet' : 'droplets'}, not ${wanted}`,
      'pools.prod.min in coalmine.yml says so.',
    );
  if (wanted > max)
    throw new Problem(
      `Production has at most ${max} ${max === 1 ? 'droplet' : 'droplets'}, not ${wanted}`,
      'pools.prod.max in coalmine.yml says so.',
    );
  return wanted;
}

/**
 * What has to happen so that production has `wanted` droplets in rotation. Who leaves: what does not serve, then what
 * runs another release than most, then the highest numbers. Throws a Problem for a size that is not allowed.
 */
export function planScale(
  config: Config,
  droplets: readonly Droplet[],
  members: Members,
  wanted: number,
): ScalePlan {
  checkedSize(config, wanted);
  const all = droplets.filter((droplet) => poolOf(droplet) === 'prod').toSorted(byNumber);
  const isAlive = ({ status }: Droplet): boolean => status === 'active' || status === 'new';
  const serves = (droplet: Droplet): boolean => isAlive(droplet) && members.get(droplet.name)?.state === 'in';
  const usual = usualRelease(members);
  const serving = all.filter(serves).toSorted((a, b) => isUsual(b) - isUsual(a) || byNumber(a, b));
  const unfinished = all.filter((droplet) => !serves(droplet) && isAlive(droplet));
  const keep = serving.slice(0, wanted);
  const finish = unfinished.slice(0, wanted - keep.length);
  const taken = new Set(all.map(({ name }) => name));
  const create: string[] = [];
  for (let number = 1; keep.length + finish.length + create.length < wanted; number += 1) {
    const name = `prod-${number}`;
    if (!taken.has(name)) create.push(name);
  }
  const stays = new Set<Droplet>([...keep, ...finish]);
  return { keep, finish, create, remove: all.filter((droplet) => !stays.has(droplet)) };

  function isUsual({ name }: Droplet): number {
    return members.get(name)?.release === usual ? 1 : 0;
  }
}

/** The release that most of production runs; null when it runs none. */
export function usualRelease(members: Members): string | null {
  const counts = new Map<string, number>();
  for (const { pool, state, release } of members.values()) {
    if (pool === 'prod' && state === 'in' && release) counts.set(release, (counts.get(release) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** prod-2 before prod-10. */
function byNumber(a: Droplet, b: Droplet): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}
