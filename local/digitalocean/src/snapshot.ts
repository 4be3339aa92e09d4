import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { now, type Cloud } from './cloud.js';
import type { DropletRecord, SnapshotRecord } from './store.js';

const baseImageGibibytes = 0.4;

/** Copies a droplet's disk, running or not, and records it as an image. */
export async function takeSnapshot(cloud: Cloud, droplet: DropletRecord, name: string): Promise<void> {
  const { store } = cloud;
  const id = store.nextId();
  const folder = join(cloud.snapshotsFolder, String(id));
  const machine = cloud.machine(droplet.id);
  const below = await machine.layers();
  const size = await machine.copyTo(folder);
  store.state.snapshots.push({
    ...{ id, name, dropletId: droplet.id, created_at: now(), region: droplet.region },
    min_disk_size: 1,
    size_gigabytes: Math.round((baseImageGibibytes + size) * 100) / 100,
    layers: [folder, ...below],
  });
  droplet.snapshotIds.push(id);
}

/** Forgets a snapshot; its files go once no droplet and no other snapshot stands on them. */
export async function deleteSnapshot(cloud: Cloud, { id, layers }: SnapshotRecord): Promise<void> {
  const { state } = cloud.store;
  state.snapshots = state.snapshots.filter((snapshot) => snapshot.id !== id);
  for (const droplet of state.droplets) droplet.snapshotIds = droplet.snapshotIds.filter((own) => own !== id);
  state.deletedLayers.push(...layers.slice(0, 1));
  cloud.store.save();
  await sweepLayers(cloud);
}

/** Removes the files of deleted snapshots that nothing stands on any more. */
export async function sweepLayers(cloud: Cloud): Promise<void> {
  const { state } = cloud.store;
  if (state.deletedLayers.length === 0) return;
  const disks = await Promise.all(state.droplets.map(({ id }) => cloud.machine(id).layers()));
  const unused = unusedLayers(state.deletedLayers, [
    ...state.snapshots.map(({ layers }) => layers),
    ...disks,
  ]);
  for (const folder of unused) await rm(folder, { recursive: true, force: true });
  state.deletedLayers = state.deletedLayers.filter((folder) => !unused.includes(folder));
  cloud.store.save();
}

/** Removes what a snapshot left that was cut short. */
export async function sweepUnfinished({ snapshotsFolder, store }: Cloud): Promise<void> {
  const known = new Set([
    ...store.state.snapshots.flatMap(({ layers }) => layers),
    ...store.state.deletedLayers,
  ]);
  for (const name of await readdir(snapshotsFolder).catch(() => [])) {
    const folder = join(snapshotsFolder, name);
    if (!known.has(folder)) await rm(folder, { recursive: true, force: true });
  }
}

/** Those of the deleted layers that are in no stack. */
export function unusedLayers(deleted: readonly string[], stacks: readonly (readonly string[])[]): string[] {
  return deleted.filter((folder) => !stacks.some((stack) => stack.includes(folder)));
}
