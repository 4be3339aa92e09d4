import { recordEvent } from '@coalmine/fleet/events.js';
import { readFleet } from '@coalmine/fleet/members.js';
import type { Redis } from 'ioredis';
import { openFleet } from '../fleet.js';
import { findOrphans, orphanLines, reap } from '../orphans.js';
import { poolOf } from '../plan.js';
import { openProject } from '../project.js';
import { withRedis } from '../tunnel.js';
import { takeLock } from '../work-lock.js';

/** Says what was left behind; with `--reap` it goes. */
export async function orphans(options: { reap?: boolean; json?: boolean }): Promise<void> {
  const project = await openProject();
  // While droplets are being made, those are no orphans.
  const letGo = options.reap ? await takeLock(project.home) : null;
  try {
    const fleet = await openFleet(project);
    const look = async (redis: Redis | null): Promise<void> => {
      const found = findOrphans(fleet.droplets, redis ? await readFleet(redis) : null);
      const reaped = options.reap ? await reap(fleet, redis, found) : [];
      const who = process.env.BUILD_TAG ?? 'coalmine';
      for (const name of reaped)
        if (redis) await recordEvent(redis, { who, what: 'orphan reaped', subject: name });
      if (options.json) console.log(JSON.stringify({ ...found, reaped }, null, 2));
      else console.log(text(orphanLines(found), reaped, options.reap === true));
    };
    if (fleet.droplets.some((one) => poolOf(one) === 'redis')) await withRedis(project, fleet.droplets, look);
    else await look(null);
  } finally {
    await letGo?.();
  }
}

function text(lines: readonly string[], reaped: readonly string[], reaping: boolean): string {
  if (lines.length === 0) return 'No orphans: every droplet is in its pool, and every entry has its droplet.';
  const end = reaping ? `✔ reaped: ${reaped.join(', ') || 'nothing'}` : '→ coalmine orphans --reap';
  return [...lines.map((line) => `! ${line}`), end].join('\n');
}
