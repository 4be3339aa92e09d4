import { reachableResolvers, seedFiles } from '../src/seed.js';

const identity = {
  hostname: 'web-1',
  addresses: { public: '10.105.0.2', private: '10.105.1.2' },
  userData: '#cloud-config\n',
  instanceId: '1001',
  publicKeys: ['ssh-ed25519 A'],
};
const network = { bridge: 'cm00000005', prefix: '10.105' };

describe("A droplet's seed", () => {
  const files = seedFiles(identity, network, 'nameserver 192.0.2.1\n');

  it('has the user data as it was given, for root only', () => {
    expect(files['var/lib/cloud/seed/nocloud/user-data']).toEqual({ text: '#cloud-config\n', mode: 0o600 });
  });

  it('has an instance id, the name and the keys for cloud-init', () => {
    expect(JSON.parse(files['var/lib/cloud/seed/nocloud/meta-data']?.text ?? '')).toEqual({
      'instance-id': '1001',
      'local-hostname': 'web-1',
      'public-keys': ['ssh-ed25519 A'],
    });
  });

  it('has both addresses and the way out', () => {
    const unit = files['etc/systemd/network/10-coalmine.network']?.text;
    expect(unit).toContain('Address=10.105.0.2/24\nAddress=10.105.1.2/24\nGateway=10.105.0.1\n');
  });

  it('is a valid cloud-config without user data too', () => {
    const { 'var/lib/cloud/seed/nocloud/user-data': userData } = seedFiles(
      { ...identity, userData: '' },
      network,
      '',
    );
    expect(userData?.text).toMatch(/^#cloud-config\n/);
  });
});

describe("A droplet's name servers", () => {
  it("are this machine's", () => {
    expect(reachableResolvers(['search a.test\nnameserver 192.0.2.1\n', ''])).toBe(
      'search a.test\nnameserver 192.0.2.1\n',
    );
  });

  it('are those behind a resolver on loopback, which a droplet cannot reach', () => {
    expect(reachableResolvers(['nameserver 127.0.0.53\n', 'nameserver 192.0.2.2\n'])).toBe(
      'nameserver 192.0.2.2\n',
    );
  });
});
