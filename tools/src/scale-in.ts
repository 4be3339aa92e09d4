import { setTimeout as sleep } from 'node:timers/promises';
import { recordEvent } from '@coalmine/fleet/events.js';
import { readFleet, writeFleet, type Member } from '@coalmine/fleet/members.js';
import type { Redis } from 'ioredis';
import { runPlaybook } from './ansible.js';
import { portOf } from './deploy.js';
import { forgetDeployments } from './deployments.js';
import type { Droplet } from './digitalocean.js';
import { destroyDroplet } from './droplets.js';
import { playbookVariables, type Fleet } from './fleet.js';
import { writeInventory } from './inventory.js';
import { Problem, reasonOf } from './problem.js';
import { onDroplet } from './remote.js';
import { leave } from './scale-out.js';

/** How long requests in flight may take before their droplet goes all the same. */
const drainsWithinMs = 60_000;
/** Proxies take over a change at once, or within this when they missed the notice. */
const noticedWithinMs = 2000;

/**
 * Takes droplets out of production: no new requests, those in flight end, out of rotation, destroyed. A droplet that
 * cannot be drained goes back in rotation; one that cannot be destroyed stays out of it and is named in the Problem.
 */
export async function scaleIn(
  fleet: Fleet,
  redis: Redis,
  leaving: readonly Droplet[],
  tell: (line: string) => void,
): Promise<void> {
  if (leaving.length === 0) return;
  const { project, cloud } = fleet;
  const serving = await drain(fleet, redis, leaving, tell);
  await mark(redis, serving, 'out');
  const stuck: string[] = [];
  for (const droplet of leaving) {
    try {
      await destroyDroplet(project, cloud, droplet);
    } catch (error) {
      stuck.push(`${droplet.name} (droplet ${droplet.id}): ${reasonOf(error)}`);
      continue;
    }
    tell(`${droplet.name} is gone`);
    fleet.droplets = fleet.droplets.filter(({ id }) => id !== droplet.id);
    await leave(redis, [droplet.name]);
    const who = process.env.BUILD_TAG ?? 'coalmine';
    await recordEvent(redis, { who, what: 'scale in', subject: droplet.name, why: 'drained and destroyed' });
  }
  await forgetDeployments(
    project.home,
    leaving.map(({ id }) => id),
  );
  await writeInventory(project.home, fleet.droplets);
  if (stuck.length > 0)
    throw new Problem(
      `Out of rotation, but not destroyed:\n  ${stuck.join('\n  ')}`,
      'Run the same command again: it goes on here.',
    );
  // Its address may be another's tomorrow.
  await runPlaybook(project, { playbook: 'firewall', variables: await playbookVariables(fleet) });
}

/** Waits until no proxy holds a connection to these droplets any more. Returns the members that served. */
async function drain(
  fleet: Fleet,
  redis: Redis,
  leaving: readonly Droplet[],
  tell: (line: string) => void,
): Promise<ReadonlyMap<string, Member>> {
  const members = await readFleet(redis);
  const serving = new Map(
    leaving.flatMap(({ name }) => {
      const member = members.get(name);
      return member && member.state !== 'out' ? [[name, member] as const] : [];
    }),
  );
  if (serving.size === 0) return serving;
  await mark(redis, serving, 'draining');
  tell(`draining ${[...serving.keys()].join(', ')}`);
  try {
    await sleep(noticedWithinMs);
    const deadline = Date.now() + drainsWithinMs;
    for (const droplet of leaving.filter(({ name, status }) => serving.has(name) && status === 'active')) {
      for (let open = await connections(fleet, droplet); open > 0; open = await connections(fleet, droplet)) {
        if (Date.now() > deadline) {
          tell(
            `${droplet.name} still has ${open} connections after ${drainsWithinMs / 1000} s: it goes all the same`,
          );
          break;
        }
        await sleep(500);
      }
    }
  } catch (error) {
    await mark(redis, serving, 'in');
    throw error;
  }
  return serving;
}

/** Connections to the app from other droplets: a proxy closes its own when the last request on it has ended. */
async function connections(fleet: Fleet, droplet: Droplet): Promise<number> {
  const listed = await onDroplet(fleet.project.home, droplet, ['ss', '-Htn', 'state', 'established']);
  return openFrom(listed, `${droplet.privateAddress}:${portOf.prod}`);
}

/** Counts the lines of `ss -Htn state established` whose local end this is, and whose other end is another host. */
export function openFrom(listed: string, local: string): number {
  const host = local.replace(/:\d+$/, '');
  return listed.split('\n').filter((line) => {
    const [, , here, there = ''] = line.trim().split(/\s+/);
    return here === local && !there.startsWith(`${host}:`);
  }).length;
}

async function mark(
  redis: Redis,
  members: ReadonlyMap<string, Member>,
  state: Member['state'],
): Promise<void> {
  if (members.size === 0) return;
  await writeFleet(
    redis,
    Object.fromEntries([...members].map(([name, member]) => [name, { ...member, state }])),
  );
}
