import { join } from 'node:path';
import { readAutoscale, type AutoscaleRules } from '@coalmine/fleet/autoscale.js';
import { keys } from '@coalmine/fleet/keys.js';
import { writeFleet } from '@coalmine/fleet/members.js';
import { appendSamples } from '@coalmine/fleet/samples.js';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { FakeJenkins } from './fake-jenkins.js';
import { sampleOf } from './records.js';

const main = join(import.meta.dirname, '../src/main.js');
const rules: AutoscaleRules = {
  ...{ min: 1, max: 3, target: 40, tolerance: 10, branch: 'main', budgetHours: null },
  ...{ windowMs: 1000, stabilisationMs: 1500, cooldownMs: 300, warmUpMs: 500 },
};

describe('the autoscaling duty', () => {
  let server: TestRedis;
  let redis: Redis;
  let jenkins: FakeJenkins;
  let processes: TestService[];

  beforeEach(async () => {
    server = await TestRedis.start();
    redis = server.client();
    jenkins = await FakeJenkins.start();
    processes = [];
    await inRotation(1);
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
      ...{ AUTOSCALE: JSON.stringify(rules), ...settings },
    });
    processes.push(service);
    return service;
  }

  /** What `coalmine scale` would leave: so many droplets of production in rotation. */
  async function inRotation(count: number): Promise<void> {
    const member = { pool: 'prod', address: '10.0.0.1', port: 3000, state: 'in', release: 'r' } as const;
    const names = [1, 2, 3].map((number) => `prod-${number}`);
    await writeFleet(
      redis,
      Object.fromEntries(names.map((name, index) => [name, index < count ? member : null])),
    );
  }

  /** Load on so many droplets until something holds. */
  async function loadUntil(
    cpu: number,
    droplets: number,
    holds: () => boolean | Promise<boolean>,
  ): Promise<boolean> {
    return soon(async () => {
      const at = Date.now();
      const names = [1, 2, 3].slice(0, droplets).map((number) => `prod-${number}`);
      await appendSamples(
        redis,
        names.flatMap((name) => [2, 1, 0].map((ago) => sampleOf(name, 'prod', at - ago, cpu))),
      );
      return holds();
    }, 15_000);
  }

  const asked = (): string[] => jenkins.asked.map(({ ACTION, COUNT }) => `${ACTION} ${COUNT}`);
  const events = async (): Promise<string[]> =>
    (await redis.xrange(keys.events, '-', '+'))
      .map(([, fields]) => fields[fields.indexOf('what') + 1] ?? '')
      .filter((what) => what.startsWith('autoscale'));

  it('has Jenkins make more droplets when production is overloaded, and fewer, one by one, when it is not', async () => {
    await start('redis-1');
    expect(await loadUntil(95, 1, () => jenkins.asked.length === 1)).toBeTrue();
    expect(jenkins.asked[0]).toEqual({
      ...{ REPO: '', COMMIT: '', BRANCH: 'main', TARGET: 'prod', ACTION: 'scale', COUNT: '3' },
    });
    await inRotation(3);
    expect(await loadUntil(5, 3, () => jenkins.asked.length === 2)).toBeTrue();
    await inRotation(2);
    expect(await loadUntil(5, 2, () => jenkins.asked.length === 3)).toBeTrue();
    expect(asked()).toEqual(['scale 3', 'scale 2', 'scale 1']);
    expect((await events()).slice(0, 3)).toEqual(['autoscale out', 'autoscale build', 'autoscale done']);
  });

  it('never asks for a second action while one is under way, also when the leader is killed', async () => {
    jenkins.result = null;
    const first = await start('redis-1');
    const begun = async () => (await readAutoscale(redis))?.action?.number !== undefined;
    expect(await loadUntil(95, 1, begun)).toBeTrue();
    await first.stop('SIGKILL');
    await start('redis-2');
    const leads = async () => (await readAutoscale(redis))?.leader === 'redis-2';
    expect(await loadUntil(95, 1, leads)).toBeTrue();
    const until = Date.now() + 1000;
    await loadUntil(95, 1, () => Date.now() > until);
    expect(asked()).toEqual(['scale 3']);
    await inRotation(3);
    jenkins.result = 'SUCCESS';
    expect(await loadUntil(38, 3, async () => (await readAutoscale(redis))?.action === null)).toBeTrue();
    expect(asked()).toEqual(['scale 3']);
  });

  it('waits after a failure, and says so', async () => {
    jenkins.result = 'FAILURE';
    await start('redis-1');
    const failed = async () => (await events()).includes('autoscale failed');
    expect(await loadUntil(95, 1, failed)).toBeTrue();
    const until = Date.now() + 1500;
    await loadUntil(95, 1, () => Date.now() > until);
    expect(asked()).toEqual(['scale 3']);
    expect((await readAutoscale(redis))?.reason).toContain('the next try is in');
  });

  it('only says what it would do without a Jenkins', async () => {
    await start('redis-1', {});
    const said = async () =>
      (await readAutoscale(redis))?.reason.includes('Jenkins is not configured') === true;
    expect(await loadUntil(95, 1, said)).toBeTrue();
    expect((await readAutoscale(redis))?.wanted).toBe(3);
  });
});
