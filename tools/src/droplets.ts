import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@coalmine/fleet/keys.js';
import { execa } from 'execa';
import { stringify } from 'yaml';
import type { DigitalOcean, Droplet } from './digitalocean.js';
import { fleetTag, poolTag } from './plan.js';
import { Problem, reasonOf } from './problem.js';
import type { Project } from './project.js';
import {
  fleetKey,
  forgetHostKey,
  hasHostKey,
  lastHostKey,
  newHostKey,
  pinHostKey,
  sshArguments,
  type KeyPair,
} from './ssh-identity.js';

const sshDeadlineMs = 120_000;

/** A droplet to be made; one in no pool is no server. */
export interface WantedDroplet {
  name: string;
  pool: Pool | null;
  /** `provider.image` if it is not given. */
  image?: string | number;
}

/**
 * Creates droplets, all or none: waits until each answers over SSH with the host key that was made for it.
 * If one fails, all of this call are removed, and the error says which and why.
 */
export async function createDroplets(
  project: Project,
  cloud: DigitalOcean,
  wanted: readonly WantedDroplet[],
  onReady: (droplet: Droplet) => void = () => undefined,
): Promise<Droplet[]> {
  if (wanted.length === 0) return [];
  const { publicKey } = await fleetKey(project.home);
  const keyId = await cloud.ensureSshKey(`coalmine-${project.config.name}`, publicKey);
  const operation = `coalmine-op:${randomUUID()}`;
  const outcomes = await Promise.allSettled(
    wanted.map(async (one) => {
      const droplet = await createOne(project, cloud, one, keyId, operation);
      onReady(droplet);
      return droplet;
    }),
  );
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [`${wanted[index]?.name}: ${reasonOf(outcome.reason)}`] : [],
  );
  if (failures.length === 0)
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const left = await removeOperation(project, cloud, operation);
  throw new Problem(
    `Not all droplets came up:\n  ${failures.join('\n  ')}`,
    left.length === 0
      ? 'All that this call made was removed again; run it once more when the reason is gone.'
      : `Could not be removed again, please delete by hand: ${left.join(', ')}`,
  );
}

/**
 * Takes over droplets that are there already; one that an interrupted run left half-made is waited for. Throws a
 * Problem for a droplet whose host key was never known here: nobody could tell it from another machine.
 */
export async function adoptDroplets(
  project: Project,
  cloud: DigitalOcean,
  known: readonly Droplet[],
): Promise<Droplet[]> {
  return Promise.all(
    known.map(async (droplet) => {
      const pinned = await hasHostKey(project.home, droplet.id);
      if (!pinned) {
        const publicKey = await lastHostKey(project.home, droplet.name);
        if (!publicKey) {
          throw new Problem(
            `${droplet.name} (droplet ${droplet.id}) was not made from here: ${project.home} does not know its host key`,
            'Run coalmine where the fleet was made, or copy that .coalmine folder here.',
          );
        }
        await pinHostKey(project.home, droplet.id, publicKey);
      }
      if (pinned && droplet.status === 'active' && droplet.address) return droplet;
      const active = await cloud.waitUntilActive(droplet.id);
      await waitForSsh(project.home, active);
      return active;
    }),
  );
}

/** Destroys a droplet and forgets its host key. */
export async function destroyDroplet(project: Project, cloud: DigitalOcean, droplet: Droplet): Promise<void> {
  await cloud.deleteDroplet(droplet.id);
  await forgetHostKey(project.home, droplet.id);
}

/** The cloud-init document of a droplet. Its host key is in it; the first `playbook site` makes user data moot. */
export function userData(hostKey: KeyPair): string {
  return `#cloud-config\n${stringify({
    disable_root: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
  })}`;
}

async function createOne(
  project: Project,
  cloud: DigitalOcean,
  { name, pool, image = project.config.provider.image }: WantedDroplet,
  keyId: number,
  operation: string,
): Promise<Droplet> {
  const { region, size } = project.config.provider;
  const hostKey = await newHostKey(project.home, name);
  const created = await cloud.createDroplet(name, {
    region,
    size,
    image,
    sshKeys: [keyId],
    tags: [fleetTag(project.config), ...(pool ? [poolTag(pool)] : []), operation],
    userData: userData(hostKey),
  });
  await pinHostKey(project.home, created.id, hostKey.publicKey);
  const droplet = await cloud.waitUntilActive(created.id);
  await waitForSsh(project.home, droplet);
  return droplet;
}

/** Waits for a login over SSH; a wrong host key ends the wait at once. */
async function waitForSsh(home: string, droplet: Droplet): Promise<void> {
  const deadline = Date.now() + sshDeadlineMs;
  for (;;) {
    const login = await execa('ssh', [...sshArguments(home, droplet.id), `root@${droplet.address}`, 'true'], {
      reject: false,
      timeout: 10_000,
    });
    if (login.exitCode === 0) return;
    if (login.stderr.includes('Host key verification failed')) {
      throw new Problem(
        `${droplet.name} (${droplet.address}) shows another host key than the one made for it`,
        `If you trust nothing on it: coalmine droplet destroy ${droplet.name}, then coalmine up`,
      );
    }
    if (Date.now() > deadline) {
      throw new Problem(
        `${droplet.name} (${droplet.address}) does not answer over SSH: ${login.stderr.trim()}`,
      );
    }
    await sleep(100);
  }
}

/** Removes what an operation made, found by its tag, so that a lost answer leaves no orphan. Returns what resisted. */
async function removeOperation(project: Project, cloud: DigitalOcean, operation: string): Promise<string[]> {
  const made = await cloud.listDroplets(operation);
  const outcomes = await Promise.allSettled(made.map((droplet) => destroyDroplet(project, cloud, droplet)));
  return outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [`${made[index]?.name} (droplet ${made[index]?.id})`] : [],
  );
}
