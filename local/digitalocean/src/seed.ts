import { gatewayOf, type Addresses, type Network } from './network.js';

/** Who a droplet is, told to it at its first boot. */
export interface Identity {
  hostname: string;
  addresses: Addresses;
  userData: string;
  /** A new one makes cloud-init run as on a first boot. */
  instanceId: string;
  publicKeys: readonly string[];
}

export interface SeedFile {
  text: string;
  mode: number;
}

/** The files that make an image this droplet: cloud-init's NoCloud seed, the name, the addresses. */
export function seedFiles(
  identity: Identity,
  network: Network,
  resolvConf: string,
): Record<string, SeedFile> {
  const metaData = {
    'instance-id': identity.instanceId,
    'local-hostname': identity.hostname,
    'public-keys': identity.publicKeys,
  };
  const seed = 'var/lib/cloud/seed/nocloud';
  return {
    // What is in it is the droplet's own secret: its host key, for one.
    [`${seed}/user-data`]: { text: identity.userData || '#cloud-config\n{}\n', mode: 0o600 },
    [`${seed}/meta-data`]: { text: JSON.stringify(metaData), mode: 0o644 },
    'etc/hostname': { text: `${identity.hostname}\n`, mode: 0o644 },
    'etc/systemd/network/10-coalmine.network': {
      text: networkUnit(network, identity.addresses),
      mode: 0o644,
    },
    'etc/resolv.conf': { text: resolvConf, mode: 0o644 },
    'etc/machine-id': { text: '', mode: 0o444 },
  };
}

/** The name servers that a droplet can reach too: one on this machine's loopback is not among them. */
export function reachableResolvers(texts: readonly string[]): string {
  const servers = (text: string): string[] =>
    [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
  const chosen =
    texts.find((text) => servers(text).some((address) => !isLoopback(address))) ?? texts[0] ?? '';
  return chosen
    .split('\n')
    .filter((line) => !servers(line).some(isLoopback))
    .join('\n');
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Static addresses: nothing has to be asked for, so SSH answers sooner. */
function networkUnit(network: Network, addresses: Addresses): string {
  return `[Match]
Name=host0
[Network]
Address=${addresses.public}/24
Address=${addresses.private}/24
Gateway=${gatewayOf(network)}
LinkLocalAddressing=no
IPv6AcceptRA=no
`;
}
