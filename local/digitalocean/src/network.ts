import { readdir, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { run, runAnyway, runWithInput } from './run.js';

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

/** An address range that this machine has already, as `192.0.2.1/24`. */
export interface UsedRange {
  name: string;
  cidr: string;
}

const candidates = [
  ...Array.from({ length: 100 }, (_, offset) => `10.${100 + offset}`),
  ...Array.from({ length: 16 }, (_, offset) => `172.${16 + offset}`),
];

/**
 * Chooses a range that no interface of this machine has, beginning with the one that the cloud's id says. Throws when
 * there is none.
 */
export function chooseNetwork(id: string, used: readonly UsedRange[] = rangesInUse()): Network {
  const bridge = `cm${id}`;
  const others = used.filter(({ name }) => name !== bridge);
  const first = Number.parseInt(id, 16) % 100;
  for (const prefix of [...candidates.slice(first), ...candidates.slice(0, first)]) {
    if (!others.some(({ cidr }) => overlaps(cidr, `${prefix}.0.0/23`))) return { bridge, prefix };
  }
  throw new Error('no private network is free on this machine: take down other clouds on it');
}

export function gatewayOf(network: Network): string {
  return `${network.prefix}.0.1`;
}

export function addressesOf(network: Network, number: number): Addresses {
  return { public: `${network.prefix}.0.${number}`, private: `${network.prefix}.1.${number}` };
}

/**
 * The next host number that no droplet has (2 to 254; 1 is the gateway). They go round, because whoever spoke to the
 * last owner of an address would look for it at the wrong machine for some seconds.
 */
export function nextNumber(last: number, taken: readonly number[]): number {
  for (let offset = 1; offset <= 253; offset += 1) {
    const number = ((last - 2 + offset) % 253) + 2;
    if (!taken.includes(number)) return number;
  }
  throw new Error('all 253 addresses of the cloud are taken');
}

/** Makes the bridge and the way out, or mends them. */
export async function raise(network: Network): Promise<void> {
  const { bridge, prefix } = network;
  await runAnyway('ip', 'link', 'add', bridge, 'type', 'bridge');
  for (const range of [0, 1]) await run('ip', 'address', 'replace', `${prefix}.${range}.1/24`, 'dev', bridge);
  await run('ip', 'link', 'set', bridge, 'up');
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  await runWithInput(translation(network), 'nft', '--file', '-');
}

/** Removes both, and the machines' links, which the kernel would take its time over; what is not there is fine. */
export async function lower({ bridge }: Pick<Network, 'bridge'>): Promise<void> {
  const ports = await readdir(`/sys/class/net/${bridge}/brif`).catch(() => []);
  for (const port of ports) await runAnyway('ip', 'link', 'delete', port);
  await runAnyway('ip', 'link', 'delete', bridge);
  await runAnyway('nft', 'delete', 'table', 'ip', bridge);
}

/** Replaces the table in one step: droplets that are running lose no connection. */
function translation({ bridge, prefix }: Network): string {
  const own = `${prefix}.0.0/23`;
  return `table ip ${bridge} {}
delete table ip ${bridge}
table ip ${bridge} {
  chain out {
    type nat hook postrouting priority srcnat;
    ip saddr ${own} ip daddr != ${own} masquerade
  }
}
`;
}

function overlaps(one: string, other: string): boolean {
  const [a, b] = [one, other].map((cidr) => {
    const [address = '', length = '32'] = cidr.split('/');
    const bits = address.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
    return bits.join('').slice(0, Number(length));
  });
  return a !== undefined && b !== undefined && (a.startsWith(b) || b.startsWith(a));
}

function rangesInUse(): UsedRange[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ cidr, family }) => (family === 'IPv4' && cidr ? [{ name, cidr }] : [])),
  );
}
