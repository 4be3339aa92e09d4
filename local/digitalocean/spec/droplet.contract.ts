import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IDroplet } from 'dots-wrapper/dist/droplet/index.js';
import { leftovers } from './leftovers.js';
import { SshIdentity } from './ssh-identity.js';
import { TestCloud } from './test-cloud.js';

const size = 's-1vcpu-512mb-10gb';
const settings = { region: 'nyc3', size, image: 'debian-12-x64' };
const minutes = 60_000;

describe('A droplet', () => {
  const cloud = new TestCloud();
  const identity = new SshIdentity();
  const api = cloud.client.bind(cloud);
  let id = 0;
  let address = '';
  let snapshotId = 0;

  beforeAll(async () => {
    await identity.create();
    const image = await cloud.command('image');
    if (image.code !== 0) throw new Error(image.text);
    await cloud.start();
  }, 5 * minutes);

  afterAll(async () => {
    await cloud.reap();
    cloud.removeHome();
    identity.remove();
  }, minutes);

  afterEach(() => {
    expect(cloud.violations.splice(0)).withContext('against the OpenAPI document').toEqual([]);
  });

  it(
    'goes from the API call to an SSH login with a pinned host key',
    async () => {
      const key = await api().sshKey.createSshKey({ name: 'spec', public_key: identity.publicKey });
      const user_data = identity.userData(
        ...['write_files:', '  - { path: /root/written, content: by cloud-init }'],
        ...['runcmd:', '  - [touch, /root/ran]'],
      );
      const ssh_keys = [key.data.ssh_key.id];
      const created = await api().droplet.createDroplet({
        ...{ ...settings, name: 'web-1', tags: ['spec', 'pool:web'], ssh_keys, user_data },
      });
      expect(created.status).toBe(202);
      expect(created.data.droplet).toEqual(
        jasmine.objectContaining({ status: 'new', locked: true, networks: { v4: [], v6: [] } }),
      );
      ({ id } = created.data.droplet);
      await actionOf(id, 'create');
      address = addressOf(await droplet(id), 'public');
      const login = await identity.run(address, 'hostname; cat /root/written');
      expect(login).toEqual({ code: 0, text: 'web-1\nby cloud-init' });
    },
    2 * minutes,
  );

  it(
    'runs all of systemd, and what its user data asked for',
    async () => {
      const { text } = await identity.run(address, 'systemctl is-system-running --wait; ls /root/ran');
      expect(text).toBe('running\n/root/ran');
    },
    minutes,
  );

  it(
    'is held to its size, and can read it',
    async () => {
      const limit = await identity.run(
        address,
        'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null',
      );
      expect(limit.text).toBe(String(512 * 1024 * 1024));
      const greedy = await identity.run(address, `python3 -c "len(b'x' * 700 * 1024 * 1024)"`);
      expect(greedy.code).not.toBe(0);
    },
    minutes,
  );

  it('has a private address that answers as well', async () => {
    expect((await identity.run(addressOf(await droplet(id), 'private'), 'true')).code).toBe(0);
  });

  it(
    'is off after power_off, and has its files after power_on',
    async () => {
      await identity.run(address, 'echo kept > /root/file; sync');
      await finished(await api().droplet.powerOffDroplet({ droplet_id: id }));
      expect((await droplet(id)).status).toBe('off');
      expect((await identity.run(address, 'true')).code).toBe(255);
      await finished(await api().droplet.powerOnDroplet({ droplet_id: id }));
      expect((await droplet(id)).status).toBe('active');
      expect((await identity.run(address, 'cat /root/file')).text).toBe('kept');
    },
    2 * minutes,
  );

  it(
    'takes one order at a time, but a shutdown twice',
    async () => {
      const first = await api().droplet.shutdownDroplet({ droplet_id: id });
      const again = await api().droplet.shutdownDroplet({ droplet_id: id });
      expect(again.data.action.id).toBe(first.data.action.id);
      const other = await cloud.request(`/droplets/${id}/actions`, 'POST', '{"type":"power_on"}');
      expect(other.status).toBe(422);
      expect(other.body.message).toBe('Droplet already has a pending event.');
      await finished(first);
      await finished(await api().droplet.powerOnDroplet({ droplet_id: id }));
    },
    minutes,
  );

  it(
    'is shown as off when it was shut down from inside',
    async () => {
      await identity.run(address, 'systemctl poweroff');
      for (let tries = 0; tries < 100 && (await droplet(id)).status !== 'off'; tries += 1) await sleep(100);
      expect((await droplet(id)).status).toBe('off');
      await finished(await api().droplet.powerOnDroplet({ droplet_id: id }));
    },
    minutes,
  );

  it(
    'can be copied with a snapshot, from which another one is made',
    async () => {
      await finished(await api().droplet.snapshotDroplet({ droplet_id: id, name: 'with a file' }));
      const { data } = await api().snapshot.listSnapshots({ resource_type: 'droplet' });
      expect(data.snapshots.map(({ name }) => name)).toEqual(['with a file']);
      snapshotId = Number(data.snapshots[0]?.id);
      expect((await api().image.getImage({ image_id: snapshotId })).data.image.name).toBe('with a file');
      const twin = await api().droplet.createDroplets({
        ...{ ...settings, image: snapshotId, names: ['web-2'], tags: ['spec'] },
        user_data: identity.userData('disable_root: false', `ssh_authorized_keys: ["${identity.publicKey}"]`),
      });
      const twinId = twin.data.droplets[0]?.id ?? 0;
      await actionOf(twinId, 'create');
      const { text } = await identity.run(
        addressOf(await droplet(twinId), 'public'),
        'hostname; cat /root/file',
      );
      expect(text).toBe('web-2\nkept');
    },
    2 * minutes,
  );

  it('is listed by pages, by tag and by name', async () => {
    const page = await api().droplet.listDroplets({ per_page: 1, tag_name: 'spec' });
    expect(page.data.droplets.map(({ name }) => name)).toEqual(['web-1']);
    expect(page.data.meta).toEqual({ total: 2 });
    const next = page.data.links?.pages?.next ?? '';
    expect(next).toBe(`${cloud.url}/droplets?page=2&per_page=1&tag_name=spec`);
    const second = await cloud.request(next.slice(cloud.url.length));
    expect(second.body.droplets).toEqual([jasmine.objectContaining({ name: 'web-2' })]);
    const web = await api().droplet.listDroplets({ tag_name: 'pool:web' });
    expect(web.data.droplets.length).toBe(1);
    const named = await cloud.request('/droplets?name=WEB-2');
    expect(named.body.meta).toEqual({ total: 1 });
  });

  it(
    'does not notice that its cloud is killed, nor that it comes back',
    async () => {
      const boot = 'cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd';
      const before = await identity.run(address, boot);
      await cloud.stop('SIGKILL');
      expect(await identity.run(address, boot)).toEqual(before);
      await cloud.start();
      expect((await droplet(id)).status).toBe('active');
      expect(await identity.run(address, boot)).toEqual(before);
    },
    minutes,
  );

  it(
    'is gone at once when it is deleted',
    async () => {
      const { data } = await api().droplet.listDroplets({});
      const twinId = data.droplets.find(({ name }) => name === 'web-2')?.id ?? 0;
      expect((await api().droplet.deleteDroplet({ droplet_id: twinId })).status).toBe(204);
      expect((await cloud.request(`/droplets/${twinId}`)).status).toBe(404);
      const folder = join(cloud.home, 'droplets', String(twinId));
      for (let tries = 0; tries < 100 && existsSync(folder); tries += 1) await sleep(50);
      expect((await leftovers(cloud.home, cloud.id)).filter((one) => one.includes(String(twinId)))).toEqual(
        [],
      );
      await api().image.deleteImage({ image_id: snapshotId });
      expect(existsSync(join(cloud.home, 'snapshots', String(snapshotId)))).toBeFalse();
    },
    minutes,
  );

  it(
    'leaves nothing when its killed cloud is reaped, twice',
    async () => {
      await cloud.stop('SIGKILL');
      expect(await leftovers(cloud.home, cloud.id)).not.toEqual([]);
      await cloud.reap();
      await cloud.reap();
      expect(await leftovers(cloud.home, cloud.id)).toEqual([]);
      expect(existsSync(cloud.home)).toBeFalse();
    },
    minutes,
  );

  async function droplet(droplet_id: number): Promise<IDroplet> {
    return (await api().droplet.getDroplet({ droplet_id })).data.droplet;
  }

  async function actionOf(droplet_id: number, type: string): Promise<void> {
    const { data } = await api().droplet.listDropletActions({ droplet_id });
    const action_id = data.actions.find((action) => action.type === type)?.id ?? 0;
    await finished({ data: { action: { id: action_id } } });
  }

  async function finished({ data }: { data: { action: { id: number } } }): Promise<void> {
    for (;;) {
      const { action } = (await api().action.getAction({ action_id: data.action.id })).data;
      if (action.status !== 'in-progress') {
        expect(action.status).withContext(action.type).toBe('completed');
        return;
      }
      await sleep(200);
    }
  }
});

function addressOf({ networks }: IDroplet, type: 'public' | 'private'): string {
  return networks.v4.find((network) => network.type === type)?.ip_address ?? '';
}
