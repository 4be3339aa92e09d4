import { join } from 'node:path';
import { keys } from '@coalmine/fleet/keys.js';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';

describe('the flag service', () => {
  let redis: TestRedis;
  let service: TestService;
  const ask = async (path: string) =>
    (await (await fetch(`${service.url}${path}`)).json()) as { value?: boolean };

  beforeAll(async () => {
    redis = await TestRedis.start();
    service = await TestService.start(join(import.meta.dirname, '../src/main.js'), { REDIS_URL: redis.url });
    // It reads without Redis, too, but what follows writes.
    const isReady = async () =>
      ((await (await fetch(`${service.url}/healthz`)).json()) as { redis: boolean }).redis;
    await soon(isReady);
  });

  afterAll(async () => {
    await service.stop();
    await redis.stop();
  });

  it('has its flag on before anyone touched it', async () => {
    expect((await ask('/flags/tokens')).value).toBeTrue();
  });

  it('toggles on every /feature and answers with the new value', async () => {
    expect((await ask('/feature')).value).toBeFalse();
    expect((await ask('/flags/tokens')).value).toBeFalse();
    expect((await ask('/feature')).value).toBeTrue();
  });

  it('takes toggles at once for as many toggles', async () => {
    const values = await Promise.all(Array.from({ length: 20 }, () => ask('/feature')));
    expect(values.filter(({ value }) => value === true).length).toBe(10);
    expect((await ask('/flags/tokens')).value).toBeTrue();
  });

  it('records who toggled what', async () => {
    const client = redis.client();
    const [last] = await client.xrevrange(keys.events, '+', '-', 'COUNT', 1);
    expect(last?.[1]).toContain('flag on');
    client.disconnect();
  });

  it('does not know other flags', async () => {
    expect((await fetch(`${service.url}/flags/unknown`)).status).toBe(404);
  });

  it('says so when Redis is away, and goes on when it is back', async () => {
    await redis.kill();
    expect((await fetch(`${service.url}/feature`)).status).toBe(503);
    await redis.resume();
    expect(await soon(async () => (await fetch(`${service.url}/flags/tokens`)).status === 200)).toBeTrue();
  });
});
