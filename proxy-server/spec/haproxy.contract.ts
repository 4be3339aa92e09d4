import { randomUUID } from 'node:crypto';
import { writeAlert } from '@coalmine/fleet/alerts.js';
import { writeAllow } from '@coalmine/fleet/allow.js';
import { writeFleet } from '@coalmine/fleet/members.js';
import { beginRollout, writeRollout } from '@coalmine/fleet/rollout.js';
import { soon } from '@coalmine/fleet/testbed.js';
import { readTraffic } from '@coalmine/fleet/traffic.js';
import { Pool } from 'undici';
import { BucketCookie } from '../src/bucket.js';
import { choosePool } from '../src/choose.js';
import { Behind } from './behind.js';
import { HaproxyBench, secret } from './haproxy-bench.js';

const alert = {
  reason: 'hot',
  host: 'canary-1',
  metric: 'cpu',
  value: 90,
  threshold: 45,
  since: '',
} as const;

describe('HAProxy as the data plane', () => {
  let bench: HaproxyBench;
  const cookies = new BucketCookie(secret);
  const weigh = async (weight: number, salt = randomUUID()) => {
    await writeRollout(bench.writer, { ...beginRollout('release', weight, 'a spec'), id: salt });
    await soon(() => splitIs(`${weight}:${salt}`));
  };
  const splitIs = async (entry: string) => {
    const file = /\((\S+split\.map)\)/.exec(await bench.show('show map'))?.[1] ?? '';
    return (await bench.show(`show map ${file}`)).includes(`split ${entry}`);
  };
  const newCookie = () => cookies.issue(false).header.split(';')[0] ?? '';

  beforeAll(async () => {
    bench = await HaproxyBench.start();
  });
  afterAll(() => bench.stop());
  beforeEach(async () => {
    await writeAlert(bench.writer, 'canary', null);
    await writeFleet(bench.writer, {
      'prod-1': bench.prod.member('prod'),
      'canary-1': bench.canary.member('canary'),
    });
    await weigh(10_000);
    await soon(async () => (await bench.whoAnswers(1))['canary-1'] === 1);
  });

  it('sends 10,000 keys to the pools that the Node engine chooses', async () => {
    const salt = randomUUID();
    await weigh(3333, salt);
    const pool = new Pool(bench.url, { connections: 8 });
    const wrong: string[] = [];
    let canary = 0;
    const cookieLines = Array.from({ length: 10_000 }, newCookie);
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (let index = worker; index < cookieLines.length; index += 8) {
          const cookie = cookieLines[index] ?? '';
          const answer = await pool.request({ path: '/', method: 'GET', headers: { cookie } });
          await answer.body.dump();
          const served = String(answer.headers['x-served-by']).replace('-1', '');
          const chosen = choosePool(
            { weight: 3333, salt, alert: false, canaryUsable: true },
            cookies.read(cookie),
          );
          if (chosen === 'canary') canary += 1;
          if (served !== chosen) wrong.push(cookie);
        }
      }),
    );
    await pool.close();
    expect(wrong).toEqual([]);
    expect(canary).toBeGreaterThan(3000);
    expect(canary).toBeLessThan(3700);
  });

  it('gives a new browser a cookie that the Node engine takes, and keeps it with its pool', async () => {
    await weigh(5000);
    const first = await fetch(bench.url, { headers: { accept: 'text/html' } });
    const [cookie = '', ...attributes] = first.headers.get('set-cookie')?.split('; ') ?? [];
    expect(cookies.read(cookie)).not.toBeNull();
    expect(attributes).toEqual(['Path=/', 'Max-Age=31536000', 'HttpOnly', 'SameSite=Lax']);
    const again = await bench.whoAnswers(10, { cookie, accept: 'text/html' });
    expect(again).toEqual({ [first.headers.get('x-served-by') ?? '']: 10 });
    const known = await fetch(bench.url, { headers: { cookie, accept: 'text/html' } });
    expect(known.headers.get('set-cookie')).toBeNull();
  });

  it('takes no cookie that it has not signed', async () => {
    await weigh(5000);
    const [key = ''] = newCookie().split('.');
    const answered = await bench.whoAnswers(40, { cookie: `${key}.${'A'.repeat(22)}` });
    expect(Object.keys(answered).sort()).toEqual(['canary-1', 'prod-1']);
  });

  it('follows the weight and the alert with the same process', async () => {
    const pid = await bench.haproxyPid();
    expect(await bench.whoAnswers(10)).toEqual({ 'canary-1': 10 });
    await weigh(0);
    expect(await bench.whoAnswers(10)).toEqual({ 'prod-1': 10 });
    await weigh(10_000);
    await writeAlert(bench.writer, 'canary', alert);
    expect(await soon(async () => (await bench.whoAnswers(1))['prod-1'] === 1, 500)).toBeTrue();
    expect(await bench.whoAnswers(20)).toEqual({ 'prod-1': 20 });
    await writeAlert(bench.writer, 'canary', null);
    expect(await soon(async () => (await bench.whoAnswers(1))['canary-1'] === 1, 500)).toBeTrue();
    expect(await bench.haproxyPid()).toBe(pid);
  });

  it('gives the canary to who is on the allow-list, unless an alert fires', async () => {
    const tester = newCookie();
    await weigh(0);
    await writeAllow(bench.writer, [cookies.read(tester) ?? '']);
    expect(
      await soon(async () => (await bench.whoAnswers(1, { cookie: tester }))['canary-1'] === 1),
    ).toBeTrue();
    expect(await bench.whoAnswers(10, { cookie: newCookie() })).toEqual({ 'prod-1': 10 });
    await writeAlert(bench.writer, 'canary', alert);
    expect(
      await soon(async () => (await bench.whoAnswers(1, { cookie: tester }))['prod-1'] === 1),
    ).toBeTrue();
    await writeAllow(bench.writer, []);
  });

  it('takes servers in and out, and moves them, without another process', async () => {
    const pid = await bench.haproxyPid();
    await weigh(0);
    const second = await Behind.start();
    const moved = await Behind.start();
    try {
      await writeFleet(bench.writer, { 'prod-2': second.member('prod') });
      expect(await soon(async () => 'prod-2' in (await bench.whoAnswers(4)))).toBeTrue();
      await writeFleet(bench.writer, { 'prod-1': bench.prod.member('prod', 'draining') });
      expect(await soon(async () => !('prod-1' in (await bench.whoAnswers(4))))).toBeTrue();
      await writeFleet(bench.writer, { 'prod-1': null });
      expect(
        await soon(async () => !(await bench.show('show servers state')).includes(' prod-1')),
      ).toBeTrue();
      await writeFleet(bench.writer, { 'prod-2': moved.member('prod') });
      expect(await soon(() => moved.seen.length > 0 || bench.whoAnswers(1).then(() => false))).toBeTrue();
      expect(await bench.haproxyPid()).toBe(pid);
    } finally {
      await writeFleet(bench.writer, { 'prod-1': bench.prod.member('prod'), 'prod-2': null });
      await soon(async () => 'prod-1' in (await bench.whoAnswers(1)));
      await Promise.all([second.kill(), moved.kill()]);
    }
  });

  it('answers from production without one failure when the canary is killed', async () => {
    const { port } = bench.canary;
    await bench.canary.kill();
    const answered = await bench.whoAnswers(40);
    bench.canary = await Behind.start(undefined, port);
    expect(answered).toEqual({ 'prod-1': 40 });
    expect(await soon(async () => (await bench.whoAnswers(1))['canary-1'] === 1)).toBeTrue();
  });

  it('writes its traffic, and charges the canary for what it did not answer', async () => {
    const seconds = async () => (await readTraffic(bench.writer, 'proxy-1', '0')).map(({ second }) => second);
    const sum = async (pool: 'prod' | 'canary', what: 'requests' | 'failures') =>
      (await seconds()).reduce((total, second) => total + second[pool][what], 0);
    const before = await sum('canary', 'requests');
    await bench.whoAnswers(25);
    expect(await soon(async () => (await sum('canary', 'requests')) >= before + 25)).toBeTrue();
    const latencies = (await seconds()).flatMap(({ canary }) => canary.latency);
    expect(latencies.reduce((total, count) => total + count, 0)).toBeGreaterThan(24);
    const failures = await sum('canary', 'failures');
    const { port } = bench.canary;
    await bench.canary.kill();
    await bench.whoAnswers(5);
    bench.canary = await Behind.start(undefined, port);
    expect(await soon(async () => (await sum('canary', 'failures')) > failures)).toBeTrue();
    const metrics = await (await fetch(`${bench.operations}/metrics`)).text();
    expect(metrics).toMatch(/coalmine_proxy_requests_total\{pool="canary",server="canary-1",status="2xx"/);
    await soon(async () => (await bench.whoAnswers(1))['canary-1'] === 1);
  });

  it('says 503, and when to come back, if there is no server at all', async () => {
    await writeFleet(bench.writer, { 'prod-1': bench.prod.member('prod', 'out'), 'canary-1': null });
    expect(await soon(async () => (await fetch(bench.url)).status === 503)).toBeTrue();
    const answer = await fetch(bench.url);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('x-proxy-error')).toBe('no-server');
  });
});
