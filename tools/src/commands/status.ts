import { keys } from '@coalmine/fleet/keys.js';
import { readFleet, type Fleet as Members } from '@coalmine/fleet/members.js';
import { openFleet, type Fleet } from '../fleet.js';
import { findOrphans, orphanLines } from '../orphans.js';
import { poolOf } from '../plan.js';
import { openProject } from '../project.js';
import { table } from '../table.js';
import { withRedis } from '../tunnel.js';
import { isWorking } from '../work-lock.js';

export interface Status {
  urls: {
    app?: string;
    dashboard?: string;
    flags?: string;
    jenkins?: string;
    mail?: string;
    digitalocean?: string;
  };
  /** What was left behind, one line each. */
  orphans: string[];
  droplets: { name: string; pool: string; address: string; status: string; release: string | null }[];
}

export async function status(options: { json?: boolean }): Promise<void> {
  const fleet = await openFleet(await openProject());
  const current = await statusOf(fleet);
  console.log(options.json ? JSON.stringify(current, null, 2) : statusText(current));
}

/** What is up, and where; releases come from Redis, and are null while it does not answer. */
export async function statusOf(fleet: Fleet): Promise<Status> {
  const members = await releases(fleet);
  const working = await isWorking(fleet.project.home);
  const addressOf = (pool: string) => fleet.droplets.find((droplet) => poolOf(droplet) === pool)?.address;
  const proxy = addressOf('proxy');
  const redis = addressOf('redis');
  const { JENKINS_URL, MAIL_URL, DIGITALOCEAN_API_URL } = fleet.environment;
  return {
    urls: {
      ...(proxy ? { app: `http://${proxy}/` } : {}),
      ...(redis ? { dashboard: `http://${redis}:9102/` } : {}),
      ...(redis ? { flags: `http://${redis}:3001/` } : {}),
      ...(JENKINS_URL ? { jenkins: JENKINS_URL } : {}),
      ...(MAIL_URL ? { mail: MAIL_URL } : {}),
      digitalocean: DIGITALOCEAN_API_URL ?? 'https://api.digitalocean.com/v2',
    },
    // While droplets are being made, or go, they are between the two.
    orphans: working ? [] : orphanLines(findOrphans(fleet.droplets, members)),
    droplets: fleet.droplets
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
      .map((droplet) => ({
        name: droplet.name,
        pool: poolOf(droplet) ?? '',
        address: droplet.address,
        status: droplet.status,
        release: members?.get(droplet.name)?.release ?? null,
      })),
  };
}

export function statusText({ urls, droplets, orphans }: Status): string {
  const rows = droplets.map((one) => [
    one.name,
    one.pool,
    one.address,
    one.status,
    one.release?.slice(0, 10) ?? '–',
  ]);
  return [
    ...Object.entries(urls).map(([name, url]) => `  ${name.padEnd(13)} ${url}`),
    '',
    table(['DROPLET', 'POOL', 'ADDRESS', 'STATUS', 'RELEASE'], rows).replaceAll(/^/gm, '  '),
    ...(orphans.length > 0
      ? ['', ...orphans.map((line) => `  ! ${line}`), '  → coalmine orphans --reap']
      : []),
  ].join('\n');
}

async function releases(fleet: Fleet): Promise<Members | null> {
  if (!fleet.droplets.some((droplet) => poolOf(droplet) === 'redis')) return null;
  try {
    return await withRedis(fleet.project, fleet.droplets, readFleet);
  } catch (error) {
    console.error(`coalmine: no releases shown, ${keys.fleet} cannot be read: ${(error as Error).message}`);
    return null;
  }
}
