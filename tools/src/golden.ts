import { runPlaybook } from './ansible.js';
import { createDroplets, destroyDroplet } from './droplets.js';
import { playbookVariables, type Fleet } from './fleet.js';
import { writeInventory } from './inventory.js';
import type { Snapshot } from './digitalocean.js';
import { poolTag } from './plan.js';
import { onDroplet } from './remote.js';

const kept = 2;

/** What makes a configured droplet nobody's: no secrets, no names, no services that would start as another droplet. */
const anonymise = `set -e
rm -f /etc/default/app-server /etc/default/monitor /etc/systemd/system/multi-user.target.wants/app-server.service
rm -f /etc/systemd/system/multi-user.target.wants/monitor.service /etc/systemd/system/sockets.target.wants/app-server.socket
rm -f /etc/systemd/system/sockets.target.wants/monitor.socket /etc/ssh/ssh_host_* /root/.ssh/authorized_keys
rm -rf /var/lib/app-server /var/lib/monitor /var/lib/cloud/instances /var/lib/cloud/instance /var/log/journal/*
: > /etc/machine-id
sync
`;

/** The name that a fleet's golden snapshots begin with. */
export function goldenPrefix(fleet: string): string {
  return `coalmine-${fleet}-golden-`;
}

/** The fleet's golden snapshots, newest first. */
export async function goldenSnapshots({ cloud, project }: Fleet): Promise<Snapshot[]> {
  const { name, provider } = project.config;
  return (await cloud.listSnapshots())
    .filter((snapshot) => snapshot.name.startsWith(goldenPrefix(name)))
    .filter((snapshot) => snapshot.regions.includes(provider.region))
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id - a.id);
}

/**
 * Makes a golden snapshot: a droplet of its own, configured like one of production, made nobody's, copied and destroyed.
 * It is in no pool, so that nobody takes it for a server. The newest two snapshots are kept.
 */
export async function makeGolden(fleet: Fleet, tell: (line: string) => void): Promise<Snapshot> {
  const { project, cloud } = fleet;
  const name = `${goldenPrefix(project.config.name)}${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  tell('creating a droplet for it');
  const [droplet] = await createDroplets(project, cloud, [{ name: 'golden', pool: null }]);
  if (!droplet) throw new Error('a call that succeeds makes the droplet it was asked for');
  try {
    // Ansible is to see a server of production; the cloud is not.
    const asProduction = { ...droplet, tags: [...droplet.tags, poolTag('prod')] };
    await writeInventory(project.home, [...fleet.droplets, asProduction]);
    await runPlaybook(project, {
      playbook: 'site',
      limit: [droplet.name],
      variables: await playbookVariables(fleet),
      onTask: tell,
    });
    await onDroplet(project.home, droplet, ['sh', '-s'], anonymise);
    tell('taking the snapshot');
    await cloud.snapshotDroplet(droplet.id, name);
  } finally {
    await destroyDroplet(project, cloud, droplet);
    await writeInventory(project.home, fleet.droplets);
  }
  const [newest, ...others] = await goldenSnapshots(fleet);
  if (!newest) throw new Error(`the snapshot ${name} is not in the list of snapshots`);
  for (const old of others.slice(kept - 1)) await cloud.deleteSnapshot(old.id);
  return newest;
}
