import type { Pool } from '@coalmine/fleet/keys.js';
import type { Droplet } from './digitalocean.js';
import { poolOf } from './plan.js';
import type { Part } from './release.js';

/** Where each part tells its metrics, as far as the firewall lets an operator's machine in. */
const told: readonly { part: Part; pools: readonly Pool[]; port: number }[] = [
  { part: 'monitor', pools: ['prod', 'canary', 'proxy', 'redis'], port: 9102 },
  { part: 'proxy-server', pools: ['proxy'], port: 9101 },
  { part: 'feature-flag', pools: ['redis'], port: 3001 },
];

/** A group of targets as Prometheus' `file_sd_configs` reads it. */
export interface TargetGroup {
  targets: string[];
  labels: { fleet: string; droplet: string; pool: Pool; part: Part };
}

/** What Prometheus has to ask in this fleet: by private address, the parts' own ports. Pure. */
export function scrapeTargets(fleet: string, droplets: readonly Droplet[]): TargetGroup[] {
  return droplets
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .flatMap((droplet) => {
      const pool = poolOf(droplet);
      if (!pool || !droplet.privateAddress) return [];
      return told
        .filter(({ pools }) => pools.includes(pool))
        .map(({ part, port }) => ({
          targets: [`${droplet.privateAddress}:${port}`],
          labels: { fleet, droplet: droplet.name, pool, part },
        }));
    });
}
