import { join } from 'node:path';
import type { Logger } from 'pino';
import type { CloudConfig } from './config.js';
import { make } from './droplet.js';
import { ensureImage } from './image.js';
import { Machine } from './machine.js';
import { addressesOf, chooseNetwork, nextNumber, type Addresses, type Network } from './network.js';
import { sweepLayers } from './snapshot.js';
import { Store, type ActionRecord, type DropletRecord } from './store.js';

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
  readonly dropletsFolder: string;
  readonly snapshotsFolder: string;

  /** Reads the records of the home, or begins them. Throws when they are damaged or no network is free. */
  constructor(
    readonly config: CloudConfig,
    readonly log: Logger,
  ) {
    this.dropletsFolder = join(config.home, 'droplets');
    this.snapshotsFolder = join(config.home, 'snapshots');
    this.store = new Store(config.home);
    const known = this.store.state.networkPrefix;
    this.network = known ? { bridge: `cm${config.id}`, prefix: known } : chooseNetwork(config.id);
    this.store.state.networkPrefix = this.network.prefix;
    this.store.save();
  }

  /** Records a droplet and begins to make it. Returns the record and the action under way. */
  create(request: DropletRequest): { droplet: DropletRecord; action: ActionRecord } {
    const { state } = this.store;
    const numbers = state.droplets.map(({ number }) => number);
    const droplet: DropletRecord = {
      id: this.store.nextId(),
      ...request,
      ...{ status: 'new', locked: true, created_at: now(), snapshotIds: [] },
      number: nextNumber(state.lastNumber, numbers),
    };
    state.lastNumber = droplet.number;
    state.droplets.push(droplet);
    return { droplet, action: this.act(droplet, 'create', () => make(this, droplet)) };
  }

  /** Forgets a droplet at once and clears it away in the background. */
  delete(droplet: DropletRecord): void {
    const { state } = this.store;
    state.droplets = state.droplets.filter(({ id }) => id !== droplet.id);
    this.store.save();
    void this.clearAway(droplet);
  }

  /** Records an action and carries it out; its droplet is locked meanwhile. */
  act(droplet: DropletRecord, type: string, work: () => Promise<void>): ActionRecord {
    const action: ActionRecord = {
      ...{ id: this.store.nextId(), status: 'in-progress', type, started_at: now(), completed_at: null },
      ...{ resource_id: droplet.id, resource_type: 'droplet', region: droplet.region },
    };
    this.store.state.actions.push(action);
    void this.carryOut(droplet, action, work);
    return action;
  }

  /** Does the work of an action that is recorded already. Never throws: how it went stands in the action. */
  async carryOut(droplet: DropletRecord, action: ActionRecord, work: () => Promise<void>): Promise<void> {
    droplet.locked = true;
    this.store.save();
    try {
      await work();
      finish(action, 'completed');
    } catch (error) {
      finish(action, 'errored');
      if (this.has(droplet))
        this.log.error({ err: error, droplet: droplet.name, type: action.type }, 'action failed');
    }
    droplet.locked = false;
    this.store.save();
    if (!this.has(droplet)) await this.clearAway(droplet); // deleted meanwhile
  }

  /** True until the droplet is deleted. */
  has(droplet: DropletRecord): boolean {
    return this.store.state.droplets.includes(droplet);
  }

  /** Records as off what was shut down from inside. */
  async noticeStops(): Promise<void> {
    for (const droplet of this.store.state.droplets) {
      if (droplet.status !== 'active' || droplet.locked) continue;
      const isOff = (await this.machine(droplet.id).pid()) === null;
      // Asked again: an action may have begun while we looked.
      if (!isOff || droplet.locked) continue;
      droplet.status = 'off';
      this.log.info({ droplet: droplet.name }, 'a droplet was shut down from inside');
      this.store.save();
    }
  }

  addresses(droplet: DropletRecord): Addresses {
    return addressesOf(this.network, droplet.number);
  }

  /** The folders under a new disk of an image, topmost first. Builds the base image if need be. */
  async layersOf(imageId: number): Promise<string[]> {
    const snapshot = this.store.state.snapshots.find(({ id }) => id === imageId);
    return snapshot?.layers ?? [await ensureImage(this.config.imageFolder, (line) => this.log.info(line))];
  }

  machine(id: number): Machine {
    return new Machine(join(this.dropletsFolder, String(id)), this.config.id, id);
  }

  private async clearAway(droplet: DropletRecord): Promise<void> {
    try {
      await this.machine(droplet.id).remove();
      await sweepLayers(this);
    } catch (error) {
      this.log.error({ err: error, droplet: droplet.name }, 'could not clear a droplet away');
    }
  }
}

export function finish(action: ActionRecord, status: 'completed' | 'errored'): void {
  action.status = status;
  action.completed_at = now();
}

/** The time as the API writes it, to the second. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
