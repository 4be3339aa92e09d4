import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DropletRecord {
  id: number;
  name: string;
  status: 'new' | 'active' | 'off';
  locked: boolean;
  created_at: string;
  region: string;
  size: string;
  imageId: number;
  tags: string[];
  /** Last number of its addresses. */
  number: number;
  snapshotIds: number[];
  userData: string;
  keyIds: number[];
}

export interface ActionRecord {
  id: number;
  status: 'in-progress' | 'completed' | 'errored';
  type: string;
  started_at: string;
  completed_at: string | null;
  resource_id: number;
  resource_type: 'droplet';
  region: string;
}

export interface KeyRecord {
  id: number;
  name: string;
  public_key: string;
  fingerprint: string;
}

export interface SnapshotRecord {
  id: number;
  name: string;
  dropletId: number;
  created_at: string;
  region: string;
  min_disk_size: number;
  size_gigabytes: number;
  /** Its own folder, then those it stands on. */
  layers: string[];
}

export interface State {
  nextId: number;
  vpcId: string;
  networkPrefix: string | null;
  droplets: DropletRecord[];
  actions: ActionRecord[];
  keys: KeyRecord[];
  snapshots: SnapshotRecord[];
  tags: string[];
  /** Host number given last; they go round. */
  lastNumber: number;
  /** Folders of deleted snapshots that droplets or other snapshots may still stand on. */
  deletedLayers: string[];
}

const keptActions = 500;

/** The cloud's records: in memory, and on disk after every change. */
export class Store {
  readonly state: State;
  private readonly file: string;

  constructor(home: string) {
    this.file = join(home, 'state.json');
    this.state = readState(this.file);
  }

  nextId(): number {
    this.state.nextId += 1;
    return this.state.nextId;
  }

  /** Written beside and renamed: a kill leaves the state before or the state after. */
  save(): void {
    this.state.actions.splice(0, Math.max(0, this.state.actions.length - keptActions));
    const beside = `${this.file}.${process.pid}`;
    writeFileSync(beside, JSON.stringify(this.state, null, 1), { mode: 0o600 });
    renameSync(beside, this.file);
  }
}

function readState(file: string): State {
  const empty: State = {
    ...{ nextId: 1000, vpcId: randomUUID(), networkPrefix: null, lastNumber: 1 },
    ...{ droplets: [], actions: [], keys: [], snapshots: [], tags: [], deletedLayers: [] },
  };
  try {
    return { ...empty, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<State>) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty;
    const message = `${file} is damaged: take the cloud down with \`reap\`, then start again`;
    throw new Error(message, { cause: error });
  }
}
