import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAlert } from '@coalmine/fleet/alerts.js';
import { writeFleet } from '@coalmine/fleet/members.js';
import { beginRollout, writeRollout } from '@coalmine/fleet/rollout.js';
import { readTraffic } from '@coalmine/fleet/traffic.js';
import { freePort, soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { Behind } from './behind.js';

const main = join(import.meta.dirname, '../src/main.js');

describe('the proxy', () => {
  let redis: TestRedis;
  let writer: Redis;
  let folder: string;
  let proxy: TestService;
  let prod: Behind;
  let canary: Behind;
  let operations: string;

  const startProxy = async (redisUrl = redis.url) => {
    const operationsPort = await freePort();
    operations = `http://127.0.0.1:${operationsPort}`;
    proxy = await TestService.start(main, {
      REDIS_URL: redisUrl,
      OPERATIONS_PORT: String(operationsPort),
      STATE_FILE: join(folder, 'state.json'),
      COOKIE_SECRET: 'a secret of some length',
      LOG_LEVEL: 'info',
    });
  };
  const isUp = async (server: string) =>
    (await (await fetch(`${operations}/metrics`)).text()).includes(
      `server="${server}",part="proxy-server"} 1`,
    );
  const weigh = (weight: number) => writeRollout(writer, beginRollout(randomUUID(), weight, 'a spec'));
  const whoAnswers = async (count: number) => {
    const names = await Promise.all(
      Array.from({ length: count }, async () => (await fetch(proxy.url)).headers.get('x-served-by')),
    );
    return {
      prod: names.filter((name) => name === 'prod-1').length,
      canary: names.filter((name) => name === 'canary-1').length,
    };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-proxy-'));
    redis = await TestRedis.start();
    writer = redis.client();
    prod = await Behind.start((_request, response) => response.end('prod'));
    canary = await Behind.start((_request, response) => response.end('canary'));
    await writeFleet(writer, { 'prod-1': prod.member('prod'), 'canary-1': canary.member('canary') });
    await weigh(10_000);
    await startProxy();
    await soon(async () => (await isUp('prod-1')) && (await isUp('canary-1')));
  });

  afterEach(async () => {
    await proxy.stop('SIGKILL');
    writer.disconnect();
    await Promise.all([prod.kill(), canary.kill(), redis.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('tells Redis second by second what each pool did, and how fast', async () => {
    for (let count = 0; count < 5; count += 1) await fetch(proxy.url);
    const requests = async (): Promise<number> => {
      const [name = ''] = await writer.keys('coalmine:traffic:*');
      const seconds = await readTraffic(writer, name.replace('coalmine:traffic:', ''), '0');
      return seconds.reduce((sum, { second }) => sum + second.prod.requests + second.canary.requests, 0);
    };
    expect(await soon(async () => (await requests()) === 5)).toBeTrue();
  });

  it('splits by the weight in Redis, at once when it changes', async () => {
    expect(await whoAnswers(20)).toEqual({ prod: 0, canary: 20 });
    await weigh(0);
    expect(await soon(async () => (await whoAnswers(1)).prod === 1)).toBeTrue();
    expect(await whoAnswers(20)).toEqual({ prod: 20, canary: 0 });
  });

  it('keeps a browser with its pool', async () => {
    await weigh(5000);
    await sleep(100);
    const first = await fetch(proxy.url, { headers: { accept: 'text/html' } });
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    const again = await Promise.all(
      Array.from({ length: 20 }, () => fetch(proxy.url, { headers: { accept: 'text/html', cookie } })),
    );
    expect(new Set(again.map((answer) => answer.headers.get('x-served-by'))).size).toBe(1);
    expect(again[0]?.headers.get('x-served-by')).toBe(first.headers.get('x-served-by'));
    expect(again[0]?.headers.get('set-cookie')).toBeNull();
  });

  it('sends nothing more to the canary once an alert is written', async () => {
    await writeAlert(writer, 'canary', {
      reason: 'hot',
      host: 'canary-1',
      metric: 'cpu',
      value: 90,
      threshold: 45,
      since: '',
    });
    expect(await soon(async () => (await whoAnswers(1)).prod === 1, 500)).toBeTrue();
    expect(await whoAnswers(20)).toEqual({ prod: 20, canary: 0 });
    await writeAlert(writer, 'canary', null);
    expect(await soon(async () => (await whoAnswers(1)).canary === 1, 500)).toBeTrue();
  });

  it('answers from production without one failure when the canary is killed', async () => {
    await canary.kill();
    const statuses: number[] = [];
    for (let count = 0; count < 40; count += 1) statuses.push((await fetch(proxy.url)).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('goes on when Redis is killed, and starts without it from its last state', async () => {
    await redis.kill();
    expect(await whoAnswers(10)).toEqual({ prod: 0, canary: 10 });
    await proxy.stop();
    await startProxy('redis://127.0.0.1:1');
    await soon(() => isUp('canary-1'));
    expect(await whoAnswers(10)).toEqual({ prod: 0, canary: 10 });
  });

  it('says 503, and when to come back, if there is no server at all', async () => {
    await writeFleet(writer, { 'prod-1': { ...prod.member('prod'), state: 'out' }, 'canary-1': null });
    expect(await soon(async () => (await fetch(proxy.url)).status === 503)).toBeTrue();
    const answer = await fetch(proxy.url);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('x-proxy-error')).toBe('no-server');
  });

  it('hands a request over as it came, and says who asked', async () => {
    await fetch(`${proxy.url}/path?query=%20x`, {
      method: 'POST',
      body: 'a body',
      headers: { 'x-forwarded-for': '6.6.6.6', 'x-custom': 'kept' },
    });
    const [seen] = canary.seen;
    expect(seen?.url).toBe('/path?query=%20x');
    expect(seen?.headers['x-custom']).toBe('kept');
    expect(seen?.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(seen?.headers['x-request-id']).toBeDefined();
  });

  it('keeps hop-by-hop headers, and those that Connection names, to itself', async () => {
    await new Promise((resolve) =>
      request(
        proxy.url,
        {
          headers: {
            connection: 'x-private, close',
            'x-private': '1',
            te: 'trailers',
            'proxy-authorization': 'x',
          },
        },
        (answer) => answer.resume().once('end', resolve),
      ).end(),
    );
    const headers = canary.seen[0]?.headers ?? {};
    for (const name of ['x-private', 'te', 'proxy-authorization'])
      expect(headers[name]).withContext(name).toBeUndefined();
  });

  it('does not let the client take half an answer for a whole one', async () => {
    await canary.kill();
    canary = await Behind.start((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
      setTimeout(() => response.socket?.destroy(), 50);
    });
    await writeFleet(writer, { 'canary-1': canary.member('canary') });
    await soon(async () => (await fetch(proxy.url)).headers.get('content-length') === '1000');
    await expectAsync(fetch(proxy.url).then((answer) => answer.text())).toBeRejected();
  });

  it('lets go of the server when the client leaves', async () => {
    let left = false;
    await canary.kill();
    canary = await Behind.start((incoming) => incoming.socket.once('close', () => (left = true)));
    await writeFleet(writer, { 'canary-1': canary.member('canary') });
    await soon(() => isUp('canary-1'));
    await sleep(100);
    const client = new AbortController();
    const answer = fetch(proxy.url, { signal: client.signal }).catch(() => undefined);
    await soon(() => canary.seen.length > 0);
    client.abort();
    await answer;
    expect(await soon(() => left, 2000)).toBeTrue();
  });

  it('fails no request while its only production server restarts', async () => {
    await writeFleet(writer, { 'canary-1': null });
    const load = { going: true, statuses: [] as number[] };
    const client = (async () => {
      while (load.going) load.statuses.push((await fetch(proxy.url)).status);
    })();
    for (let restarts = 0; restarts < 3; restarts += 1) {
      await sleep(200);
      const { port } = prod;
      await prod.kill();
      prod = await Behind.start(undefined, port);
    }
    load.going = false;
    await client;
    expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
    expect(load.statuses.length).toBeGreaterThan(20);
  });
});
