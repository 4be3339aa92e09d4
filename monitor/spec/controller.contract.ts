import { join } from 'node:path';
import { keys } from '@coalmine/fleet/keys.js';
import { writeFleet } from '@coalmine/fleet/members.js';
import { planOf, type Plan } from '@coalmine/fleet/plan.js';
import { parseConfig } from '@coalmine/fleet/config.js';
import { beginRollout, readRollout, writeRollout, type Rollout } from '@coalmine/fleet/rollout.js';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import { appendTraffic } from '@coalmine/fleet/traffic.js';
import { readVerdict } from '@coalmine/fleet/verdict.js';
import type { Redis } from 'ioredis';
import { FakeJenkins } from './fake-jenkins.js';
import { poolSecond } from './second.js';

const main = join(import.meta.dirname, '../src/main.js');
const patient: Plan = { ...planOf(parseConfig('name: shop')), steps: [1000, 5000], intervalMs: 5000 };

describe('the controller', () => {
  let server: TestRedis;
  let redis: Redis;
  let jenkins: FakeJenkins;
  let processes: TestService[];
  let clock: number;

  beforeEach(async () => {
    server = await TestRedis.start();
    redis = server.client();
    jenkins = await FakeJenkins.start();
    processes = [];
    clock = Date.now();
    const member = (pool: 'prod' | 'canary' | 'proxy', release: string) =>
      ({ pool, address: '10.0.0.1', port: 80, state: 'in', release }) as const;
    await writeFleet(redis, {
      'prod-1': member('prod', 'old'),
      'canary-1': member('canary', 'new'),
      'proxy-1': member('proxy', ''),
      'proxy-2': member('proxy', ''),
    });
  });

  afterEach(async () => {
    await Promise.all(processes.map((one) => one.stop('SIGKILL')));
    jenkins.close();
    redis.disconnect();
    await server.stop();
  });

  async function start(
    host: string,
    settings: Record<string, string> = jenkins.settings,
  ): Promise<TestService> {
    const service = await TestService.start(main, {
      ...{ REDIS_URL: server.url, COALMINE_HOST: host, POOL: 'redis', SERVICE: `pid:${process.pid}` },
      ...{ CPU_THRESHOLD: '100', MEMORY_THRESHOLD: '100', CONTROLLER: 'true', LEASE_MS: '600' },
      ...settings,
    });
    processes.push(service);
    return service;
  }

  async function begin(plan: Plan = patient): Promise<Rollout> {
    const rollout = {
      ...beginRollout('new', plan.steps[0] ?? 0, 'deployed', new Date(), plan),
      source: { repository: 'a clone', branch: 'canary' },
    };
    clock = Date.now();
    await writeRollout(redis, rollout);
    return rollout;
  }

  /** One more second of both proxies, together 100 requests; time is told by the figures, so it may run faster. */
  async function second(canaryFailures = 0, canaryRequests = 10): Promise<void> {
    clock += 1000;
    for (const proxy of ['proxy-1', 'proxy-2']) {
      const canary = poolSecond(canaryRequests / 2, canaryFailures / 2);
      await appendTraffic(redis, proxy, { at: clock, prod: poolSecond(50 - canaryRequests / 2), canary });
    }
  }

  /** Traffic until something holds, one second of it every 40 ms. */
  async function trafficUntil(holds: () => Promise<boolean>, ...of: [number?, number?]): Promise<boolean> {
    return soon(async () => {
      await second(...of);
      return holds();
    }, 20_000);
  }

  const state = async () => (await readRollout(redis))?.state;
  const events = async () =>
    (await redis.xrange(keys.events, '-', '+')).map(([, fields]) => fields[fields.indexOf('what') + 1]);

  it('brings a good canary through its steps, and promotes what was judged through Jenkins', async () => {
    await start('redis-1');
    await begin();
    const weights = new Set<number>();
    expect(
      await trafficUntil(async () => {
        weights.add((await readRollout(redis))?.weight ?? -1);
        return (await state()) === 'promoted';
      }),
    ).toBeTrue();
    expect([...weights]).toEqual([1000, 5000, 0]);
    expect(jenkins.asked).toEqual([
      { REPO: 'a clone', COMMIT: 'new', BRANCH: 'canary', TARGET: 'prod', ACTION: 'promote' },
    ]);
    expect(await events()).toEqual([
      'canary step',
      'canary promoting', // decided
      'canary promoting', // asked
      'canary promoting', // begun
      'canary promoted',
    ]);
  });

  it('takes a canary that fails every request out within a second of the figures that show it', async () => {
    await start('redis-1');
    await begin();
    for (let index = 0; index < 3; index += 1) await second();
    expect(await soon(async () => (await readVerdict(redis))?.canary.requests === 30)).toBeTrue();
    const shown = performance.now();
    await second(10);
    expect(await soon(async () => (await readRollout(redis))?.weight === 0)).toBeTrue();
    expect(performance.now() - shown).toBeLessThan(1000);
    expect(await soon(async () => (await state()) === 'rolled-back')).toBeTrue();
    expect(jenkins.asked.map(({ ACTION, TARGET, COMMIT }) => [ACTION, TARGET, COMMIT])).toEqual([
      ['rollback', 'canary', 'new'],
    ]);
    expect((await readRollout(redis))?.reason).toMatch(/failed in a row|fails more/);
  });

  it('goes on where a killed leader was: nothing is counted twice, nothing is lost', async () => {
    const first = await start('redis-1');
    await start('redis-2');
    await begin({ ...patient, intervalMs: 1e9 });
    for (let index = 0; index < 8; index += 1) await second();
    const counted = async () => (await readVerdict(redis))?.canary.requests;
    expect(await soon(async () => (await counted()) === 80)).toBeTrue();
    const token = Number(await redis.get(keys.leaderToken));
    await first.stop('SIGKILL');
    for (let index = 0; index < 4; index += 1) await second();
    expect(await soon(async () => (await counted()) === 120)).toBeTrue();
    expect((await readVerdict(redis))?.leader).toBe('redis-2');
    expect((await readVerdict(redis))?.step.seconds).toBe(12);
    expect(Number(await redis.get(keys.leaderToken))).toBeGreaterThan(token);
  });

  it('asks for one build only although the leader is killed while it is promoted', async () => {
    const first = await start('redis-1');
    jenkins.result = null;
    await begin();
    await trafficUntil(async () => (await readRollout(redis))?.build?.number !== undefined);
    await first.stop('SIGKILL');
    await start('redis-2');
    jenkins.result = 'SUCCESS';
    expect(await soon(async () => (await state()) === 'promoted')).toBeTrue();
    expect(jenkins.asked.length).toBe(1);
  });

  it('freezes while one of the proxies tells nothing, and while there is no leader', async () => {
    const leader = await start('redis-1');
    await begin();
    for (let index = 0; index < 30; index += 1) {
      clock += 1000;
      await appendTraffic(redis, 'proxy-1', { at: clock, prod: poolSecond(90), canary: poolSecond(10) });
    }
    expect(
      await soon(async () => (await readVerdict(redis))?.reason.includes('no figures from proxy-2') === true),
    ).toBeTrue();
    expect((await readRollout(redis))?.step).toBe(0);
    await leader.stop('SIGKILL');
    for (let index = 0; index < 10; index += 1) await second();
    expect((await readRollout(redis))?.step).toBe(0);
    await start('redis-2');
    expect(await trafficUntil(async () => (await readRollout(redis))?.step === 1)).toBeTrue();
  });

  it('survives a kill -9 of Redis, during which nothing moves', async () => {
    await start('redis-1');
    await begin({ ...patient, intervalMs: 20_000 });
    for (let index = 0; index < 5; index += 1) await second();
    await soon(async () => (await readVerdict(redis))?.step.seconds === 5);
    await server.kill();
    await server.resume();
    expect(await soon(async () => (await state()) === 'running')).toBeTrue();
    expect(await trafficUntil(async () => (await state()) === 'promoted')).toBeTrue();
  });

  it('says so and holds when there is no Jenkins to promote with', async () => {
    await start('redis-1', {});
    await begin();
    expect(await trafficUntil(async () => (await state()) === 'held')).toBeTrue();
    expect((await readRollout(redis))?.reason).toContain('Jenkins is not configured');
    expect(jenkins.asked).toEqual([]);
  });

  it('keeps its hands off a new rollout when it was judging the one before', async () => {
    await start('redis-1');
    await begin();
    for (let index = 0; index < 3; index += 1) await second(10);
    const since = new Date(clock + 1000);
    const next = beginRollout('newer', 1000, 'deployed', since, patient);
    await writeRollout(redis, next);
    for (let index = 0; index < 3; index += 1) await second();
    expect(await soon(async () => (await readVerdict(redis))?.rollout === next.id)).toBeTrue();
    expect((await readRollout(redis))?.state).toBe('running');
  });
});
