import { connect } from 'node:net';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { sizes } from './catalogue.js';
import type { CloudConfig } from './config.js';
import { ensureImage } from './image.js';
import { Machine, machineFolders } from './machine.js';
import {
  addressesOf,
  chooseNetwork,
  freeNumber,
  lower,
  raise,
  type Addresses,
  type Network,
} from './network.js';
import { Store, type ActionRecord, type DropletRecord, type SnapshotRecord } from './store.js';

export interface DropletRequest {
  name: string;
  region: string;
  size: string;
  imageId: number;
  tags: string[];
  keyIds: number[];
  userData: string;
}

/** The cloud itself: records and machines, and the actions that bring the one in line with the other. */
export class Cloud {
  readonly store: Store;
  readonly network: Network;

  constructor(
    readonly config: CloudConfig,
    private readonly log: Logger,
  ) {
    this.store = new Store(config.home);
    const known = this.store.state.networkPrefix;
    this.network = known ? { bridge: `cm${config.id}`, prefix: known } : chooseNetwork(config.id);
    this.store.state.networkPrefix = this.network.prefix;
    this.store.save();
  }

  /** Makes the world as it was recorded: the bridge, the machines that were on, none that are not recorded. */
  async recover(): Promise<void> {
    await raise(this.network);
    const { droplets, actions } = this.store.state;
    for (const action of actions.filter(({ status }) => status === 'in-progress')) finish(action, 'errored');
    const recorded = new Set(droplets.map(({ id }) => id));
    for (const id of await machineFolders(this.dropletsFolder())) {
      if (!recorded.has(id)) await this.machine(id).remove();
    }
    await Promise.all(
      droplets.map(async (droplet) => {
        droplet.locked = false;
        if (droplet.status === 'off') return;
        // A droplet whose creation was cut short is created once more.
        if (droplet.status === 'new') await this.prepare(droplet);
        await this.machine(droplet.id).boot(this.network);
        droplet.status = 'active';
      }),
    );
    this.store.save();
  }

  /** Records a droplet and begins to make it. Returns the record and the action under way. */
  create(request: DropletRequest): { droplet: DropletRecord; action: ActionRecord } {
    const { state } = this.store;
    const droplet: DropletRecord = {
      id: this.store.nextId(),
      ...request,
      status: 'new',
      locked: true,
      created_at: now(),
      number: freeNumber(state.droplets.map(({ number }) => number)),
      snapshotIds: [],
    };
    state.droplets.push(droplet);
    for (const tag of request.tags) if (!state.tags.includes(tag)) state.tags.push(tag);
    const action = this.act(droplet, 'create', async () => {
      await ensureImage(this.config.imageFolder, (line) => this.log.info(line));
      await this.prepare(droplet);
      await this.machine(droplet.id).boot(this.network);
      await this.answersOnSsh(droplet);
      droplet.status = 'active';
    });
    return { droplet, action };
  }

  /** Forgets a droplet at once and clears it away in the background. */
  delete(droplet: DropletRecord): Promise<void> {
    const { state } = this.store;
    state.droplets = state.droplets.filter(({ id }) => id !== droplet.id);
    this.store.save();
    return this.machine(droplet.id)
      .remove()
      .catch((error: unknown) =>
        this.log.error({ err: error, droplet: droplet.id }, 'could not clear a droplet away'),
      );
  }

  powerOn(droplet: DropletRecord): ActionRecord {
    return this.act(droplet, 'power_on', async () => {
      await this.machine(droplet.id).boot(this.network);
      await this.answersOnSsh(droplet);
      droplet.status = 'active';
    });
  }

  powerOff(droplet: DropletRecord, type: 'power_off' | 'shutdown'): ActionRecord {
    return this.act(droplet, type, async () => {
      const machine = this.machine(droplet.id);
      await (type === 'shutdown' ? machine.shutdown() : machine.cut());
      droplet.status = 'off';
    });
  }

  restart(droplet: DropletRecord, type: 'reboot' | 'power_cycle'): ActionRecord {
    return this.act(droplet, type, async () => {
      const machine = this.machine(droplet.id);
      await (type === 'reboot' ? machine.shutdown() : machine.cut());
      await machine.boot(this.network);
      await this.answersOnSsh(droplet);
      droplet.status = 'active';
    });
  }

  snapshot(droplet: DropletRecord, name: string): ActionRecord {
    return this.act(droplet, 'snapshot', async () => {
      const id = this.store.nextId();
      const folder = join(this.config.home, 'snapshots', String(id));
      await mkdir(join(folder, '..'), { recursive: true });
      await this.machine(droplet.id).copyTo(folder);
      const record: SnapshotRecord = {
        ...{ id, name, dropletId: droplet.id, created_at: now(), region: droplet.region, min_disk_size: 1 },
        size_gigabytes: 0.5,
        layers: [folder, ...(await this.layersOf(droplet.imageId))],
      };
      this.store.state.snapshots.push(record);
      droplet.snapshotIds.push(id);
    });
  }

  async deleteSnapshot(snapshot: SnapshotRecord): Promise<void> {
    const { state } = this.store;
    state.snapshots = state.snapshots.filter(({ id }) => id !== snapshot.id);
    for (const droplet of state.droplets) {
      droplet.snapshotIds = droplet.snapshotIds.filter((id) => id !== snapshot.id);
    }
    this.store.save();
    const inUse = [...state.snapshots, ...state.droplets].some((user) =>
      'layers' in user ? user.layers.includes(snapshot.layers[0] ?? '') : user.imageId === snapshot.id,
    );
    if (!inUse) await rm(snapshot.layers[0] ?? '', { recursive: true, force: true });
  }

  addresses(droplet: DropletRecord): Addresses {
    return addressesOf(this.network, droplet.number);
  }

  /** Records an action and carries it out; its droplet is locked meanwhile. */
  private act(droplet: DropletRecord, type: string, work: () => Promise<void>): ActionRecord {
    const action: ActionRecord = {
      ...{ id: this.store.nextId(), status: 'in-progress', type, started_at: now(), completed_at: null },
      ...{ resource_id: droplet.id, resource_type: 'droplet', region: droplet.region },
    };
    this.store.state.actions.push(action);
    droplet.locked = true;
    this.store.save();
    const exists = (): boolean => this.store.state.droplets.includes(droplet);
    void work()
      .then(
        () => finish(action, 'completed'),
        (error: unknown) => {
          finish(action, 'errored');
          if (exists()) this.log.error({ err: error, droplet: droplet.name, type }, 'action failed');
        },
      )
      .finally(() => {
        droplet.locked = false;
        this.store.save();
        if (!exists()) void this.machine(droplet.id).remove();
      });
    return action;
  }

  private async prepare(droplet: DropletRecord): Promise<void> {
    const size = sizes.find(({ slug }) => slug === droplet.size);
    const layers = await this.layersOf(droplet.imageId);
    await this.machine(droplet.id).prepare(
      {
        layers,
        hostname: droplet.name,
        addresses: this.addresses(droplet),
        limits: { cpus: size?.vcpus ?? 1, memoryBytes: (size?.memory ?? 1024) * 1024 * 1024 },
        userData: droplet.userData,
        instanceId: String(droplet.id),
        publicKeys: this.store.state.keys
          .filter(({ id }) => droplet.keyIds.includes(id))
          .map((key) => key.public_key),
      },
      this.network,
    );
  }

  private async layersOf(imageId: number): Promise<string[]> {
    const snapshot = this.store.state.snapshots.find(({ id }) => id === imageId);
    return snapshot
      ? snapshot.layers
      : [await ensureImage(this.config.imageFolder, (line) => this.log.info(line))];
  }

  /** A droplet is active when its SSH server speaks. */
  private async answersOnSsh(droplet: DropletRecord): Promise<void> {
    const address = this.addresses(droplet).public;
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(40)) {
      if (!this.store.state.droplets.includes(droplet)) return;
      if (await speaks(address, 22)) return;
    }
    throw new Error(`${droplet.name} does not answer on ${address}:22 after 60 s`);
  }

  private machine(id: number): Machine {
    return new Machine(join(this.dropletsFolder(), String(id)), this.config.id, id);
  }

  private dropletsFolder(): string {
    return join(this.config.home, 'droplets');
  }
}

/** Takes down everything that the cloud of this home has on the machine, with or without a server. */
export async function reap(config: CloudConfig): Promise<void> {
  const droplets = join(config.home, 'droplets');
  const machines = (await machineFolders(droplets)).map(
    (id) => new Machine(join(droplets, String(id)), config.id, id),
  );
  await Promise.all(machines.map((machine) => machine.remove()));
  await lower({ bridge: `cm${config.id}` });
  await rm(config.home, { recursive: true, force: true });
}

function finish(action: ActionRecord, status: 'completed' | 'errored'): void {
  action.status = status;
  action.completed_at = now();
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

function speaks(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
