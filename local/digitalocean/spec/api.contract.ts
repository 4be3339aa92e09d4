import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { leftovers } from './leftovers.js';
import { TestCloud } from './test-cloud.js';

const minute = 60_000;
const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8wZ8iIkyqnHEJrHdjNGwqUuWMTN2rIhZmMgOhBLL0H spec';
const missing = 'The resource you were accessing could not be found.';

describe("DigitalOcean's API", () => {
  const cloud = new TestCloud();
  const api = cloud.client.bind(cloud);

  beforeAll(() => cloud.start(), minute);

  afterAll(async () => {
    await cloud.reap();
    expect(await leftovers(cloud.home, cloud.id)).toEqual([]);
    cloud.removeHome();
  }, minute);

  afterEach(() => {
    expect(cloud.violations.splice(0)).withContext('against the OpenAPI document').toEqual([]);
  });

  it('tells what there is', async () => {
    expect((await api().account.getAccount()).data.account.droplet_limit).toBe(25);
    const { data } = await api().size.listSizes({});
    expect(data.sizes.map(({ slug }) => slug)).toContain('s-1vcpu-1gb');
    expect((await api().region.listRegions({})).data.regions.length).toBeGreaterThan(0);
    const images = await api().image.listImages({});
    expect(images.data.images.map(({ slug }) => slug)).toEqual(['debian-12-x64']);
    expect((await api().vpc.listVpcs({})).data.vpcs[0]?.default).toBeTrue();
  });

  it('keeps SSH keys by id and by fingerprint, each once', async () => {
    const { data } = await api().sshKey.createSshKey({ name: 'one', public_key: publicKey });
    const { id: ssh_key_id, fingerprint: ssh_key_fingerprint } = data.ssh_key;
    expect(ssh_key_fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect((await api().sshKey.getSshKey({ ssh_key_id })).data.ssh_key.name).toBe('one');
    expect((await api().sshKey.getSshKey({ ssh_key_id: ssh_key_fingerprint })).data.ssh_key.id).toBe(
      ssh_key_id,
    );
    const again = await cloud.request(
      '/account/keys',
      'POST',
      JSON.stringify({ name: 'b', public_key: publicKey }),
    );
    expect(again.status).toBe(422);
    expect(again.body.message).toBe('SSH Key is already in use on your account');
    expect((await api().sshKey.destroySshKey({ ssh_key_id })).status).toBe(204);
  });

  it('keeps tags', async () => {
    await api().tag.createTag({ name: 'env:spec' });
    expect((await api().tag.getTag({ tag_name: 'env:spec' })).data.tag.resources.count).toBe(0);
    await api().tag.deleteTag({ tag_name: 'env:spec' });
    expect((await cloud.request('/tags/env:spec')).status).toBe(404);
  });

  it('says 404 of what is not there', async () => {
    for (const path of ['/droplets/7', '/images/7', '/snapshots/7', '/actions/7', '/account/keys/7']) {
      const { status, body } = await cloud.request(path);
      expect([status, body.id, body.message]).toEqual([404, 'not_found', missing]);
    }
  });

  it('says 401 to another token', async () => {
    const refused = await api('wrong')
      .account.getAccount()
      .then(
        () => null,
        (error: { response: { status: number; data: object } }) => error.response,
      );
    expect(refused?.status).toBe(401);
    expect(refused?.data).toEqual(
      jasmine.objectContaining({ id: 'unauthorized', message: 'Unable to authenticate you.' }),
    );
  });

  const droplet = { name: 'web-1', region: 'nyc3', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
  const refusals: [string, object, string | RegExp][] = [
    ['a name with a space', { ...droplet, name: 'web 1' }, /^Only valid hostname characters are allowed\./],
    ['no name', { ...droplet, name: undefined }, 'Name is required.'],
    [
      'an unknown image',
      { ...droplet, image: 'beos' },
      'You specified an invalid image for Droplet creation.',
    ],
    ['no size', { ...droplet, size: undefined }, 'You specified an invalid size for Droplet creation.'],
    [
      'an unknown region',
      { ...droplet, region: 'x' },
      'You specified an invalid region for Droplet creation.',
    ],
    ['an unknown key', { ...droplet, ssh_keys: [7] }, '7 are invalid key identifiers for Droplet creation.'],
    ['a tag with a space', { ...droplet, tags: ['a b'] }, /^Tag/],
    ['eleven names', { ...droplet, name: undefined, names: Array(11).fill('a') }, /10 Droplets/],
  ];
  for (const [what, body, message] of refusals) {
    it(`says 422 to a droplet with ${what}, and makes none`, async () => {
      const refused = await cloud.request('/droplets', 'POST', JSON.stringify(body));
      expect([refused.status, refused.body.id]).toEqual([422, 'unprocessable_entity']);
      expect(refused.body.message).toMatch(message);
      expect((await api().droplet.listDroplets({})).data.meta?.total).toBe(0);
    });
  }

  it('says 400 to a body that is no JSON', async () => {
    expect((await cloud.request('/droplets', 'POST', '{"name":')).status).toBe(400);
  });

  it('gives every answer an id, and says how many requests are left', async () => {
    const [first, second] = [await cloud.request('/account'), await cloud.request('/account')];
    expect(first.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
    expect(first.headers.get('ratelimit-limit')).toBe('5000');
    const left = (answer: typeof first) => Number(answer.headers.get('ratelimit-remaining'));
    expect(left(second)).toBe(left(first) - 1);
  });

  it(
    'refuses a second server for the same home',
    async () => {
      const { code, text } = await cloud.command('serve');
      expect(code).toBe(1);
      expect(text).toContain('serves');
    },
    minute,
  );

  it(
    'refuses a port in use, by name',
    async () => {
      const other = new TestCloud();
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const { code, text } = await other.command('serve', { COALMINE_CLOUD_PORT: String(port) });
      holder.close();
      other.removeHome();
      expect(code).toBe(1);
      expect(text).toContain(`port ${port} is in use`);
      expect(await leftovers(other.home, other.id)).toEqual([]);
    },
    minute,
  );

  it(
    'says 429 to too many requests, and how long to wait',
    async () => {
      await cloud.stop('SIGTERM');
      await cloud.start({ COALMINE_CLOUD_RATE_LIMIT: '2' });
      await cloud.request('/account');
      await cloud.request('/account');
      const refused = await cloud.request('/account');
      expect([refused.status, refused.body.id]).toEqual([429, 'too_many_requests']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    },
    minute,
  );
});
