import { mkdtemp, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFleet } from '@coalmine/fleet/members.js';
import { beginRollout, setRollout } from '@coalmine/fleet/rollout.js';
import { change } from '@coalmine/fleet/change.js';
import { freePort, soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { Behind } from './behind.js';

const main = join(import.meta.dirname, '../src/main.js');

/** What HTTP allows, and what attackers and accidents make of it: a raw socket on each side of the proxy. */
describe('at its edges the proxy', () => {
  let redis: TestRedis;
  let writer: Redis;
  let folder: string;
  let proxy: TestService;
  let prod: Behind;
  let operations: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-edges-'));
    redis = await TestRedis.start();
    writer = redis.client();
    prod = await Behind.start((request, response) => {
      if (request.url === '/cookies') response.setHeader('set-cookie', ['a=1', 'b=2']);
      if (request.url === '/hang') return;
      if (request.method === 'POST') request.resume().on('end', () => response.end('taken'));
      else response.end('answer');
    });
    prod.server.on('upgrade', (request, socket) => {
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.on('error', () => socket.destroy());
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', () => undefined).on('end', () => socket.end());
    });
    await writeFleet(writer, { 'prod-1': prod.member('prod') });
    await start();
  });

  afterAll(async () => {
    await proxy.stop('SIGKILL');
    writer.disconnect();
    await Promise.all([prod.kill(), redis.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(() => {
    prod.seen.length = 0;
  });

  async function start(): Promise<void> {
    const operationsPort = await freePort();
    operations = `http://127.0.0.1:${operationsPort}`;
    proxy = await TestService.start(main, {
      REDIS_URL: redis.url,
      OPERATIONS_PORT: String(operationsPort),
      STATE_FILE: join(folder, 'state.json'),
      COOKIE_SECRET: 'a secret of some length',
      BODY_AT_MOST: '1000',
    });
    await soon(async () => (await fetch(proxy.url)).status === 200);
  }

  /** Sends bytes as they are; all that comes back until the other side closes, or says nothing for a while. */
  function raw(bytes: string, quietMs = 400): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(proxy.port, '127.0.0.1', () => socket.write(bytes));
      let heard = '';
      socket.setTimeout(quietMs, () => socket.destroy());
      socket.on('data', (data) => (heard += data.toString('latin1')));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(heard));
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['a target in absolute form', 'GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'HTTP/1.0 with Transfer-Encoding',
      'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['gzip, chunked', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    [
      'Content-Length beside Transfer-Encoding',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['2,000 headers', `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(2000)}\r\n`],
    ['a broken request line', 'GET / HTTP/9.9\r\n\r\n'],
  ];
  for (const [name, bytes] of refused) {
    it(`refuses ${name} with 400, and sends nothing on`, async () => {
      expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 400 /);
      expect(prod.seen.length).toBe(0);
    });
  }

  it('refuses a body that is too large before it has come', async () => {
    const answer = await raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/x-proxy-error: body-too-large/);
    expect(prod.seen.length).toBe(0);
  });

  it('lets every Set-Cookie of the app through, beside its own', async () => {
    const answer = await fetch(`${proxy.url}/cookies`, { headers: { accept: 'text/html' } });
    const names = answer.headers.getSetCookie().map((cookie) => cookie.split('=')[0]);
    expect(names).toEqual(['a', 'b', 'coalmine-bucket']);
  });

  it('owns X-Forwarded-*: what a client says of itself is not passed on', async () => {
    await fetch(proxy.url, {
      headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', forwarded: 'for=6' },
    });
    const headers = prod.seen[0]?.headers ?? {};
    expect([headers['x-forwarded-for'], headers['x-forwarded-proto'], headers.forwarded]).toEqual([
      '127.0.0.1',
      'http',
      undefined,
    ]);
  });

  it('serves a request that wants to upgrade to h2c as what it is without', async () => {
    const bytes =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 200 [^]*answer/);
    expect(prod.seen[0]?.headers.upgrade).toBeUndefined();
  });

  it('does not blame a server for clients that leave in the middle of their body', async () => {
    for (let count = 0; count < 5; count += 1)
      await raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nhalf', 60);
    const metrics = await (await fetch(`${operations}/metrics`)).text();
    expect(metrics).toMatch(/coalmine_proxy_failures_total\{[^}]*server="prod-1"[^}]*\} 0/);
    expect(metrics).toMatch(/coalmine_proxy_ejections_total\{[^}]*server="prod-1"[^}]*\} 0/);
    expect((await fetch(proxy.url)).status).toBe(200);
  });

  it('sends testers that the allow-list knows to the canary, and says why', async () => {
    const canary = await Behind.start((_request, response) => response.end('canary'));
    await writeFleet(writer, { 'canary-1': canary.member('canary') });
    await change(writer, 'rollout', (transaction) =>
      setRollout(transaction, { ...beginRollout('release', 0, 'a spec'), allow: ['ann'] }),
    );
    const ask = async (headers: Record<string, string>) =>
      (await fetch(proxy.url, { headers })).headers.get('x-served-by');
    expect(await soon(async () => (await ask({ 'coalmine-canary': 'ann' })) === 'canary-1')).toBeTrue();
    expect(await ask({ cookie: 'coalmine-canary=ann' })).toBe('canary-1');
    expect(await ask({ 'coalmine-canary': 'bob' })).toBe('prod-1');
    const why = await fetch(`${operations}/explain`, { headers: { 'coalmine-canary': 'ann' } });
    expect(await why.json()).toEqual(jasmine.objectContaining({ pool: 'canary', because: 'allowed' }));
    await writeFleet(writer, { 'canary-1': null });
    await canary.kill();
  });

  it('obeys an alert that somebody wrote by hand, and its end', async () => {
    const isAlerted = async () =>
      ((await (await fetch(`${operations}/explain`)).json()) as { because: string }).because === 'alert';
    await writer.set('coalmine:alert:canary', 'I do not like it');
    expect(await soon(isAlerted)).toBeTrue();
    await writer.del('coalmine:alert:canary');
    expect(await soon(async () => !(await isAlerted()))).toBeTrue();
  });

  it('keeps the fleet that it knows when Redis is emptied and written by others', async () => {
    await writer.flushall();
    // Often enough that the revision is higher than the one that the proxy knows.
    for (let count = 0; count < 8; count += 1)
      await writeFleet(writer, { 'redis-1': { ...prod.member('redis') } });
    await change(writer, 'rollout', (transaction) => setRollout(transaction, beginRollout('r', 0, 'a spec')));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await fetch(proxy.url)).status).toBe(200);
    expect(proxy.output.join('')).not.toContain('state not saved');
  });

  it('says goodbye to WebSockets with a close frame when it stops, and does not wait for them', async () => {
    const socket = connect(proxy.port, '127.0.0.1', () =>
      socket.write(
        'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      ),
    );
    const heard: Buffer[] = [];
    socket.on('data', (data) => heard.push(data)).on('error', () => undefined);
    expect(await soon(() => Buffer.concat(heard).includes('101 Switching Protocols'))).toBeTrue();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const began = Date.now();
    expect(await proxy.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(8000);
    await closed;
    expect(Buffer.concat(heard).subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe9]));
    await start();
  });
});
