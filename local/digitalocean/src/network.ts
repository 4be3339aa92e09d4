import { networkInterfaces } from 'node:os';
import { run, runAnyway } from './run.js';

/** The network of one cloud: a bridge with a public and a private range, and a way out through this machine. */
export interface Network {
  bridge: string;
  /** `10.N`: the public range is 10.N.0.0/24, the private one 10.N.1.0/24. */
  prefix: string;
}

export interface Addresses {
  public: string;
  private: string;
}

/** Chooses a range that no interface of this machine has, beginning with the one that the cloud's id says. */
export function chooseNetwork(id: string, taken = addressesInUse()): Network {
  const bridge = `cm${id}`;
  const first = Number.parseInt(id, 16);
  for (let offset = 0; offset < 100; offset += 1) {
    const prefix = `10.${100 + ((first + offset) % 100)}`;
    if (!taken.some(({ name, address }) => name !== bridge && address.startsWith(`${prefix}.`)))
      return { bridge, prefix };
  }
  throw new Error(
    'no free network between 10.100.0.0 and 10.199.0.0: take down other clouds on this machine',
  );
}

export function gatewayOf(network: Network): string {
  return `${network.prefix}.0.1`;
}

export function addressesOf(network: Network, number: number): Addresses {
  return { public: `${network.prefix}.0.${number}`, private: `${network.prefix}.1.${number}` };
}

/** The lowest host number that no droplet has; 1 is the gateway. */
export function freeNumber(taken: readonly number[]): number {
  for (let number = 2; number < 255; number += 1) if (!taken.includes(number)) return number;
  throw new Error('all 253 addresses of the cloud are taken');
}

/** Makes the bridge and the way out, or mends them. */
export async function raise(network: Network): Promise<void> {
  const { bridge, prefix } = network;
  await runAnyway('ip', 'link', 'add', bridge, 'type', 'bridge');
  for (const range of [0, 1]) await run('ip', 'address', 'replace', `${prefix}.${range}.1/24`, 'dev', bridge);
  await run('ip', 'link', 'set', bridge, 'up');
  await run('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
  await runAnyway('nft', 'delete', 'table', 'ip', bridge);
  await run('nft', 'add', 'table', 'ip', bridge);
  await run('nft', 'add', 'chain', 'ip', bridge, 'out', '{ type nat hook postrouting priority srcnat; }');
  const own = `${prefix}.0.0/23`;
  await run(
    'nft',
    'add',
    'rule',
    'ip',
    bridge,
    'out',
    'ip',
    'saddr',
    own,
    'ip',
    'daddr',
    '!=',
    own,
    'masquerade',
  );
}

export async function lower({ bridge }: Pick<Network, 'bridge'>): Promise<void> {
  await runAnyway('ip', 'link', 'delete', bridge);
  await runAnyway('nft', 'delete', 'table', 'ip', bridge);
}

function addressesInUse(): { name: string; address: string }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).map(({ address }) => ({ name, address })),
  );
}
