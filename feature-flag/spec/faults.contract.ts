import { keys } from '@coalmine/fleet/keys.js';
import { createLog } from '@coalmine/fleet/log.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { soon, TestRedis, type TestService } from '@coalmine/fleet/testbed.js';
import { OpenFeatureEventEmitter, ServerProviderEvents } from '@openfeature/server-sdk';
import type { Redis } from 'ioredis';
import { FlagProvider } from '../src/provider.js';
import { Sentinels } from './sentinels.js';
import { ask, flag, startService } from './service.js';

/** Generous: a loaded machine is slower than the second that is promised. */
const recoveredMs = 5000;

/** An app's provider, and what it told the app. */
class App {
  readonly told: string[] = [];
  readonly provider: FlagProvider;
  private readonly redis: Redis;

  constructor(url: string, healEveryMs = 200) {
    this.redis = connectRedis(url);
    this.redis.on('error', () => undefined);
    const log = createLog('spec');
    log.level = 'silent';
    this.provider = new FlagProvider({ redis: this.redis, log, healEveryMs });
    const { events }: { events: OpenFeatureEventEmitter } = this.provider;
    for (const event of [ServerProviderEvents.Ready, ServerProviderEvents.Stale] as const)
      events.addHandler(event, () => void this.told.push(event));
  }

  value(key: string): boolean {
    return this.provider.resolve('boolean', key, false).value;
  }

  sees(key: string, value: boolean): Promise<boolean> {
    return soon(() => this.value(key) === value, recoveredMs);
  }

  async close(): Promise<void> {
    await this.provider.onClose();
    this.redis.disconnect();
  }
}

describe('flags while Redis', () => {
  let redis: TestRedis;
  let client: Redis;
  let services: TestService[];
  let app: App;
  const put = (value: 'on' | 'off', key = 'kept', service = services[0]) =>
    ask(service as TestService, 'PUT', `/flags/${key}`, flag(value), { 'if-match': '*' });
  const written = (value: 'on' | 'off', key?: string, service?: TestService) =>
    soon(async () => (await put(value, key, service)).status < 300, recoveredMs);

  beforeAll(async () => {
    redis = await TestRedis.start();
    client = redis.client();
    services = await Promise.all([startService(redis), startService(redis)]);
    app = new App(redis.url);
    await soon(
      async () => (await ask(services[0] as TestService, 'PUT', '/flags/kept', flag('on'))).status < 300,
    );
    await app.sees('kept', true);
  });

  afterAll(async () => {
    await app.close();
    client.disconnect();
    await Promise.all(services.map((service) => service.stop()));
    await redis.stop();
  });

  it('loses a notice: healed by the revision', async () => {
    await client
      .multi()
      .hset(keys.flags, 'unsaid', JSON.stringify(flag('on')))
      .incr(keys.revision('flags'))
      .exec();
    expect(await app.sees('unsaid', true)).toBeTrue();
  });

  it('is killed: the app goes on with what it knows, says so, and is right again soon after', async () => {
    await redis.kill();
    expect(await soon(() => app.told.at(-1) === 'PROVIDER_STALE')).toBeTrue();
    expect(app.value('kept')).toBeTrue();
    const refused = await put('off');
    expect([refused.status, refused.body.error]).toEqual([503, 'the flags cannot be changed just now']);
    const evaluated = await ask(services[0] as TestService, 'POST', '/ofrep/v1/evaluate/flags/kept', {});
    expect(evaluated.body.value).toBeTrue();
    await redis.resume();
    expect(await written('off')).toBeTrue();
    expect(await app.sees('kept', false)).toBeTrue();
    expect(await soon(() => app.told.at(-1) === 'PROVIDER_READY')).toBeTrue();
  });

  it('is killed amid the writes of two services: what was answered stands', async () => {
    const accepted: string[] = [];
    const writes = services.map(async (service, index) => {
      for (let number = 0; number < 60; number += 1) {
        const key = `w${index}-${number}`;
        const answer = await ask(service, 'PUT', `/flags/${key}`, flag('on'));
        if (answer.status === 201) accepted.push(key);
      }
    });
    await soon(() => accepted.length > 20);
    await redis.kill();
    await redis.resume();
    await Promise.all(writes);
    expect(await written('on')).toBeTrue();
    const { flags } = (await ask(services[1] as TestService, 'GET', '/flags')).body as {
      flags: { flag: string }[];
    };
    const there = new Set(flags.map((one) => one.flag));
    expect(accepted.length).toBeGreaterThan(20);
    expect(accepted.filter((key) => !there.has(key))).toEqual([]);
  });

  it('is emptied: no flag changes anywhere, and the service gives it back what was lost', async () => {
    await written('on');
    expect(await app.sees('kept', true)).toBeTrue();
    const before = Number(await client.get(keys.revision('flags')));
    await client.flushall();
    expect(await soon(async () => (await client.hget(keys.flags, 'kept')) !== null, recoveredMs)).toBeTrue();
    expect(Number(await client.get(keys.revision('flags')))).toBeGreaterThan(before);
    expect(app.value('kept')).toBeTrue();
    expect(await written('off', 'kept', services[1])).toBeTrue();
    expect(await app.sees('kept', false)).toBeTrue();
  });

  it('is read-only: flags are evaluated, a change is refused with the reason', async () => {
    const other = await TestRedis.start();
    await client.call('REPLICAOF', '127.0.0.1', String(other.port));
    const refused = await put('on');
    expect(refused.status).toBe(503);
    expect(String(refused.body.reason)).toMatch(/READONLY|closed|writeable|LOADING|MASTERDOWN/);
    expect(typeof app.value('kept')).toBe('boolean');
    await client.call('REPLICAOF', 'NO', 'ONE');
    await other.stop();
    expect(await written('on')).toBeTrue();
    expect(await app.sees('kept', true)).toBeTrue();
  });

  it('is slow: evaluations do not wait', async () => {
    await client.call('CLIENT', 'PAUSE', '1500', 'ALL');
    const started = performance.now();
    for (let count = 0; count < 1000; count += 1) app.value('kept');
    expect(performance.now() - started).toBeLessThan(1000);
    expect((await ask(services[0] as TestService, 'POST', '/ofrep/v1/evaluate/flags/kept', {})).status).toBe(
      200,
    );
    expect(await written('off')).toBeTrue();
    expect(await app.sees('kept', false)).toBeTrue();
  });
});

describe('flags when a real Sentinel fails over', () => {
  let sentinels: Sentinels;
  let service: TestService;
  let app: App;

  beforeAll(async () => {
    sentinels = await Sentinels.start();
    service = await startService(sentinels);
    app = new App(sentinels.url);
  });

  afterAll(async () => {
    await app.close();
    await service.stop();
    await sentinels.stop();
  });

  it('stay what they are, and can be changed at the new primary', async () => {
    const put = async (value: 'on' | 'off') =>
      (await ask(service, 'PUT', '/flags/kept', flag(value), { 'if-match': '*' })).status < 300;
    await soon(async () => (await ask(service, 'PUT', '/flags/kept', flag('on'))).status < 300);
    expect(await app.sees('kept', true)).toBeTrue();
    sentinels.killPrimary();
    const values: boolean[] = [];
    const changed = await soon(() => {
      values.push(app.value('kept'));
      return put('off');
    }, 20_000);
    expect(changed).toBeTrue();
    expect(values).not.toContain(false);
    expect(await app.sees('kept', false)).toBeTrue();
  });
});
