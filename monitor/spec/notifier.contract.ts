import { readAlertBook, writeAlertBook, type AlertRecord } from '@coalmine/fleet/alert-records.js';
import { readAlert, writeAlert } from '@coalmine/fleet/alerts.js';
import { writeFleet, type Member } from '@coalmine/fleet/members.js';
import { appendSamples } from '@coalmine/fleet/samples.js';
import { soon, TestRedis } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Notice } from '../src/alerts/due.js';
import { noDataDuty } from '../src/alerts/no-data.js';
import { Notifier } from '../src/alerts/notifier.js';
import { PoolAlert, poolAlertOf } from '../src/alerts/pool-alert.js';
import { recordOf, sampleOf } from './records.js';

const log = pino({ level: 'silent' });
const member = (pool: Member['pool']): Member => ({
  ...{ pool, address: '10.0.0.1', port: 3000, state: 'in', release: null },
});

describe('telling of alerts', () => {
  let server: TestRedis;
  let redis: Redis;
  let told: { by: string; notices: readonly Notice[] }[];

  beforeAll(async () => {
    server = await TestRedis.start();
    redis = server.client();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    told = [];
    await redis.flushall();
  });

  const notifier = (me: string, groupMs = 100): Notifier =>
    new Notifier({
      ...{ redis, me, repeatMs: 3_600_000, groupMs, log },
      deliver: async (_pool, notices) => void told.push({ by: me, notices }),
    });
  const write = (...records: AlertRecord[]): Promise<void> =>
    writeAlertBook(redis, {
      records: new Map(records.map((record) => [`${record.host}/${record.rule}`, record])),
    });
  const subjects = (): string[][] =>
    told.map(({ notices }) => notices.map(({ record, kind }) => `${record.host} ${kind}`).sort());

  it('is done by one for all droplets of a pool, once', async () => {
    const [one, two] = [notifier('prod-1'), notifier('prod-2')];
    await write(recordOf('prod-1', 'prod'));
    const first = one.tell('prod');
    await write(recordOf('prod-2', 'prod'));
    expect(await two.tell('prod')).toBeFalse();
    expect(await first).toBeTrue();
    expect(await two.tell('prod')).toBeTrue();
    expect(subjects()).toEqual([['prod-1 firing', 'prod-2 firing']]);
    await write(recordOf('prod-1', 'prod', { state: 'resolved', resolvedAt: new Date().toISOString() }));
    await soon(() => two.tell('prod').then(() => told.length === 2));
    expect(subjects()[1]).toEqual(['prod-1 resolved']);
  });

  it('is done by a droplet alone while Redis is away, and not again when it is back', async () => {
    const one = notifier('prod-1');
    const records = new Map([['prod-1/cpu', recordOf('prod-1', 'prod')]]);
    await one.tellAlone('prod', records);
    await one.tellAlone('prod', records);
    expect(subjects()).toEqual([['prod-1 firing']]);
    await write(recordOf('prod-1', 'prod'));
    expect(await one.tell('prod')).toBeTrue();
    expect(told.length).toBe(1);
  });

  it('is taken up by another when who began it fell', async () => {
    await write(recordOf('prod-1', 'prod'));
    const falls = new Notifier({
      ...{ redis, me: 'prod-1', repeatMs: 1, groupMs: 10, log },
      deliver: () => Promise.reject(new Error('fell')),
    });
    await expectAsync(falls.tell('prod')).toBeRejected();
    expect(await soon(() => notifier('prod-2', 10).tell('prod'))).toBeTrue();
    expect(told.map(({ by }) => by)).toEqual(['prod-2']);
  });

  it('includes a droplet that has fallen silent, as the leader sees it, until it sends again', async () => {
    await writeFleet(redis, { 'prod-1': member('prod'), 'prod-2': member('prod') });
    const duty = noDataDuty({ redis, notifier: notifier('prod-2', 10), me: 'prod-2', noDataMs: 300, log });
    const state = async (): Promise<string | undefined> =>
      (await readAlertBook(redis)).records.get('prod-1/no-data')?.state;
    const seconds = async (...hosts: string[]): Promise<void> => {
      for (const host of hosts) await appendSamples(redis, [sampleOf(host, 'prod', Date.now(), 10)]);
      await duty.turn();
    };
    await seconds('prod-1', 'prod-2');
    expect(await state()).toBeUndefined();
    expect(await soon(() => seconds('prod-2').then(async () => (await state()) === 'firing'))).toBeTrue();
    expect(await soon(() => subjects().flat().includes('prod-1 firing'))).toBeTrue();
    await seconds('prod-1', 'prod-2');
    expect(await state()).toBe('resolved');
    expect(subjects().flat()).not.toContain('prod-2 firing');
  });

  it('ends for a droplet that was destroyed, also what the proxies obey', async () => {
    await writeFleet(redis, { 'canary-1': member('canary') });
    await write(recordOf('canary-9', 'canary'));
    await writeAlert(redis, 'canary', poolAlertOf(recordOf('canary-9', 'canary')));
    await noDataDuty({ redis, notifier: notifier('x'), me: 'x', noDataMs: 10_000, log }).turn();
    expect((await readAlertBook(redis)).records.size).toBe(0);
    expect(await readAlert(redis, 'canary')).toBeNull();
  });

  it('leaves the alert of the pool standing while another canary fires', async () => {
    const book = () => readAlertBook(redis);
    const [one, two] = [new PoolAlert('canary-1', 'canary'), new PoolAlert('canary-2', 'canary')];
    const [first, second] = [recordOf('canary-1', 'canary'), recordOf('canary-2', 'canary')];
    await write(first, second);
    await one.write(redis, [first], book);
    await two.write(redis, [second], book);
    await write({ ...first, state: 'resolved' });
    await one.write(redis, [], book);
    expect((await readAlert(redis, 'canary'))?.host).toBe('canary-2');
    await write({ ...second, state: 'resolved' });
    await two.write(redis, [], book);
    expect(await readAlert(redis, 'canary')).toBeNull();
  });

  it('does not let a warning take the traffic off a canary', async () => {
    const warning = recordOf('canary-1', 'canary', { severity: 'warning' });
    await new PoolAlert('canary-1', 'canary').write(redis, [warning], () => readAlertBook(redis));
    expect(await readAlert(redis, 'canary')).toBeNull();
  });
});
