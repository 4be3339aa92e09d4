import { join } from 'node:path';
import { writeFlag } from '@coalmine/fleet/flags.js';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';

const main = join(import.meta.dirname, '../src/main.js');
const definition = (defaultVariant: 'on' | 'off') =>
  ({ state: 'ENABLED', variants: { on: true, off: false }, defaultVariant }) as const;

describe('the app', () => {
  let redis: TestRedis;
  let app: TestService;

  const get = (path: string) => fetch(`${app.url}${path}`);
  const statusOf = async (path: string) => (await get(path)).status;
  const post = (body: unknown) =>
    fetch(`${app.url}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  beforeAll(async () => {
    redis = await TestRedis.start();
    app = await TestService.start(main, {
      REDIS_URL: redis.url,
      COALMINE_HOST: 'prod-1',
      COALMINE_RELEASE: 'abc',
    });
    await soon(async () => ((await (await get('/healthz')).json()) as { redis: boolean }).redis);
  });

  afterAll(async () => {
    await app.stop();
    await redis.stop();
  });

  it('says who it is', async () => {
    expect(await (await get('/')).json()).toEqual(
      jasmine.objectContaining({ host: 'prod-1', release: 'abc' }),
    );
    expect(await (await get('/healthz')).json()).toEqual(
      jasmine.objectContaining({ ok: true, release: 'abc' }),
    );
  });

  it('sets and gets the classic token, until it expires', async () => {
    expect(await statusOf('/set?value=hello&ttl=1')).toBe(200);
    expect(await (await get('/get')).json()).toEqual({ value: 'hello' });
    expect(await soon(async () => (await statusOf('/get')) === 404, 2000)).toBeTrue();
  });

  it('keeps tokens under ids of their own', async () => {
    const answer = await post({ value: 'secret', ttlSeconds: 60 });
    expect(answer.status).toBe(201);
    const { id } = (await answer.json()) as { id: string };
    expect(await (await get(`/tokens/${id}`)).json()).toEqual({ id, value: 'secret' });
    expect(await statusOf('/tokens/unknown')).toBe(404);
  });

  it('refuses what is not a token, and says why', async () => {
    const answer = await post({ value: '', ttlSeconds: 'soon', extra: 1 });
    expect(answer.status).toBe(400);
    const { reasons } = (await answer.json()) as { reasons: string[] };
    expect(reasons.join()).toContain('ttlSeconds');
    expect((await post({ value: 'x'.repeat(20_000) })).status).toBe(413);
  });

  it('closes the tokens when the flag is off, and opens them again', async () => {
    const writer = redis.client();
    await writeFlag(writer, 'tokens', definition('off'));
    expect(await soon(async () => (await statusOf('/get')) === 403)).toBeTrue();
    expect(await (await get('/set')).json()).toEqual(jasmine.objectContaining({ reason: 'feature flag' }));
    expect(await statusOf('/')).toBe(200);
    await writeFlag(writer, 'tokens', definition('on'));
    expect(await soon(async () => (await statusOf('/set')) === 200)).toBeTrue();
    writer.disconnect();
  });

  it('keeps the last known flag while Redis is killed, and never hangs', async () => {
    const writer = redis.client();
    await writeFlag(writer, 'tokens', definition('off'));
    await soon(async () => (await statusOf('/get')) === 403);
    await redis.kill();
    expect(await statusOf('/get')).toBe(403);
    await redis.resume();
    await writeFlag(writer, 'tokens', definition('on'));
    expect(await soon(async () => (await statusOf('/set')) === 200)).toBeTrue();
    await redis.kill();
    expect(await statusOf('/set')).toBe(503);
    expect(await statusOf('/')).toBe(200);
    await redis.resume();
    expect(await soon(async () => (await statusOf('/set')) === 200)).toBeTrue();
    writer.disconnect();
  });

  it('starts without Redis, with the flag on as it is by default', async () => {
    const alone = await TestService.start(main, { REDIS_URL: 'redis://127.0.0.1:1' });
    expect((await fetch(`${alone.url}/get`)).status).toBe(503);
    expect((await fetch(`${alone.url}/healthz`)).status).toBe(200);
    expect(await alone.stop()).toBe(0);
  });
});
