import { join } from 'node:path';
import { pools, type Pool } from '@coalmine/fleet/keys.js';
import { stringify } from 'yaml';
import type { Droplet } from './digitalocean.js';
import { writeFileAtomically } from './files.js';
import { poolOf } from './plan.js';
import { hostKeyAlias, knownHostsFile } from './ssh-identity.js';

export interface HostVars {
  ansible_host: string;
  ansible_user: string;
  ansible_ssh_private_key_file: string;
  ansible_ssh_common_args: string;
  private_address: string;
  droplet_id: number;
  pool: Pool;
}

/** What Ansible knows of a droplet. */
export function hostVars(home: string, droplet: Droplet, pool: Pool): HostVars {
  const pinned = `-o UserKnownHostsFile=${knownHostsFile(home)} -o StrictHostKeyChecking=yes`;
  return {
    ansible_host: droplet.address,
    ansible_user: 'root',
    ansible_ssh_private_key_file: join(home, 'id_ed25519'),
    ansible_ssh_common_args: `${pinned} -o HostKeyAlias=${hostKeyAlias(droplet.id)} -o CheckHostIP=no`,
    private_address: droplet.privateAddress,
    droplet_id: droplet.id,
    pool,
  };
}

/** The inventory as Ansible's YAML plugin reads it: every pool is a group, also an empty one. */
export function inventoryYaml(home: string, droplets: readonly Droplet[]): string {
  const children = Object.fromEntries(
    pools.map((pool) => {
      const members = inPool(droplets, pool);
      const hosts = Object.fromEntries(
        members.map((droplet) => [droplet.name, hostVars(home, droplet, pool)]),
      );
      return [pool, { hosts }];
    }),
  );
  return `# Written by \`coalmine inventory\`; it will be overwritten.\n${stringify({ all: { children } })}`;
}

/** The inventory as Ansible asks a script for it with `--list`. */
export function inventoryList(home: string, droplets: readonly Droplet[]): unknown {
  const hostvars = Object.fromEntries(
    droplets.flatMap((droplet) => {
      const pool = poolOf(droplet);
      return pool ? [[droplet.name, hostVars(home, droplet, pool)]] : [];
    }),
  );
  const groups = Object.fromEntries(
    pools.map((pool) => [pool, { hosts: inPool(droplets, pool).map((droplet) => droplet.name) }]),
  );
  return { _meta: { hostvars }, all: { children: [...pools] }, ...groups };
}

export function inventoryFile(home: string): string {
  return join(home, 'inventory.yml');
}

export async function writeInventory(home: string, droplets: readonly Droplet[]): Promise<string> {
  const file = inventoryFile(home);
  await writeFileAtomically(file, inventoryYaml(home, droplets));
  return file;
}

function inPool(droplets: readonly Droplet[], pool: Pool): Droplet[] {
  return droplets
    .filter((droplet) => poolOf(droplet) === pool)
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}
