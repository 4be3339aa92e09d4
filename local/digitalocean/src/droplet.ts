import { sizes } from './catalogue.js';
import type { Cloud } from './cloud.js';
import { needSpace } from './requirements.js';
import { takeSnapshot } from './snapshot.js';
import { speaksSsh } from './ssh-banner.js';
import type { DropletRecord } from './store.js';
import { setTimeout as sleep } from 'node:timers/promises';

const bootDeadlineMs = 60_000;
const neededMebibytes = 500;

/** Makes a droplet from nothing; it is active once it answers on SSH. */
export async function make(cloud: Cloud, droplet: DropletRecord): Promise<void> {
  await needSpace(cloud.dropletsFolder, neededMebibytes);
  const { vcpus: cpus, memory } = sizeOf(droplet);
  const keys = cloud.store.state.keys.filter(({ id }) => droplet.keyIds.includes(id));
  const identity = {
    hostname: droplet.name,
    addresses: cloud.addresses(droplet),
    userData: droplet.userData,
    instanceId: String(droplet.id),
    publicKeys: keys.map((key) => key.public_key),
  };
  const layers = await cloud.layersOf(droplet.imageId);
  const limits = { cpus, memoryBytes: memory * 1024 * 1024 };
  await cloud.machine(droplet.id).prepare(layers, limits, identity, cloud.network);
  await turnOn(cloud, droplet);
}

/** Boots a droplet, unless it runs, and waits until it answers on SSH. Throws with its last words when it does not. */
export async function turnOn(cloud: Cloud, droplet: DropletRecord): Promise<void> {
  const machine = cloud.machine(droplet.id);
  await machine.boot(cloud.network);
  const address = cloud.addresses(droplet).public;
  for (const deadline = Date.now() + bootDeadlineMs; !(await speaksSsh(address)); await sleep(40)) {
    if (!cloud.has(droplet)) return;
    if ((await machine.pid()) === null)
      throw new Error(`${droplet.name} stopped while booting: ${await machine.lastWords()}`);
    if (Date.now() > deadline)
      throw new Error(`${droplet.name} does not answer on ${address}:22 after ${bootDeadlineMs / 1000} s`);
  }
  droplet.status = 'active';
}

/** What the API's actions do. Each ends when it is done, and throws when it cannot be done. */
export const lifecycle = {
  power_on: turnOn,

  async power_off(cloud: Cloud, droplet: DropletRecord): Promise<void> {
    await cloud.machine(droplet.id).cut();
    droplet.status = 'off';
  },

  async shutdown(cloud: Cloud, droplet: DropletRecord): Promise<void> {
    await cloud.machine(droplet.id).shutdown();
    droplet.status = 'off';
  },

  async power_cycle(cloud: Cloud, droplet: DropletRecord): Promise<void> {
    await cloud.machine(droplet.id).cut();
    await turnOn(cloud, droplet);
  },

  async reboot(cloud: Cloud, droplet: DropletRecord): Promise<void> {
    await cloud.machine(droplet.id).shutdown();
    await turnOn(cloud, droplet);
  },

  async snapshot(cloud: Cloud, droplet: DropletRecord, name: string): Promise<void> {
    await takeSnapshot(cloud, droplet, name);
  },

  async rebuild(cloud: Cloud, droplet: DropletRecord, _name: string, imageId: number): Promise<void> {
    droplet.imageId = imageId;
    await make(cloud, droplet);
  },

  /** Only the cloud's name for it; its host name is the droplet's own business, there as here. */
  async rename(_cloud: Cloud, droplet: DropletRecord, name: string): Promise<void> {
    droplet.name = name;
  },
};

function sizeOf(droplet: DropletRecord): (typeof sizes)[number] {
  const size = sizes.find(({ slug }) => slug === droplet.size);
  if (!size) throw new Error(`${droplet.name} has a size that is not sold any more: ${droplet.size}`);
  return size;
}
