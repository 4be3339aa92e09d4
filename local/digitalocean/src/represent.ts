import { debian, regions, sizes, type Image } from './catalogue.js';
import type { Cloud } from './cloud.js';
import { gatewayOf } from './network.js';
import type { DropletRecord, SnapshotRecord } from './store.js';

/** A droplet as the API shows it; its networks are empty while it is new. */
export function representDroplet(cloud: Cloud, droplet: DropletRecord): Record<string, unknown> {
  const size = sizes.find(({ slug }) => slug === droplet.size);
  const region = regions.find(({ slug }) => slug === droplet.region);
  const { public: publicAddress, private: privateAddress } = cloud.addresses(droplet);
  const netmask = '255.255.255.0';
  const v4 = [
    { ip_address: privateAddress, netmask, gateway: `${cloud.network.prefix}.1.1`, type: 'private' },
    { ip_address: publicAddress, netmask, gateway: gatewayOf(cloud.network), type: 'public' },
  ];
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size?.memory,
    vcpus: size?.vcpus,
    disk: size?.disk,
    disk_info: [],
    locked: droplet.locked,
    status: droplet.status,
    kernel: null,
    created_at: droplet.created_at,
    features: ['private_networking'],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: droplet.snapshotIds,
    image: representImage(cloud, droplet.imageId),
    volume_ids: [],
    size,
    size_slug: droplet.size,
    networks: droplet.status === 'new' ? { v4: [], v6: [] } : { v4, v6: [] },
    region,
    tags: droplet.tags,
    vpc_uuid: cloud.store.state.vpcId,
  };
}

export function representImage(cloud: Cloud, id: number): Image {
  const snapshot = cloud.store.state.snapshots.find((candidate) => candidate.id === id);
  return snapshot ? snapshotAsImage(snapshot) : debian;
}

export function snapshotAsImage(snapshot: SnapshotRecord): Image {
  return {
    ...debian,
    ...{ id: snapshot.id, name: snapshot.name, slug: null, public: false, type: 'snapshot' },
    ...{ regions: [snapshot.region], created_at: snapshot.created_at, description: '' },
    size_gigabytes: snapshot.size_gigabytes,
  };
}

export function representSnapshot(snapshot: SnapshotRecord): Record<string, unknown> {
  return {
    id: String(snapshot.id),
    name: snapshot.name,
    regions: [snapshot.region],
    created_at: snapshot.created_at,
    resource_id: String(snapshot.dropletId),
    resource_type: 'droplet',
    min_disk_size: snapshot.min_disk_size,
    size_gigabytes: snapshot.size_gigabytes,
    tags: [],
  };
}

/** A snapshot in the list of its droplet, where it looks like an image and not like a snapshot. */
export function representDropletSnapshot(snapshot: SnapshotRecord): Record<string, unknown> {
  return {
    ...{ id: snapshot.id, name: snapshot.name, type: 'snapshot', regions: [snapshot.region] },
    ...{ created_at: snapshot.created_at, min_disk_size: snapshot.min_disk_size },
    size_gigabytes: snapshot.size_gigabytes,
  };
}
