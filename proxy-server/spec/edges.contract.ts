import { change } from '@coalmine/fleet/change.js';
import { writeFleet } from '@coalmine/fleet/members.js';
import { beginRollout, setRollout } from '@coalmine/fleet/rollout.js';
import { soon } from '@coalmine/fleet/testbed.js';
import { Behind } from './behind.js';
import { ProxyBench } from './proxy-bench.js';

/** What HTTP allows, and what attackers and accidents make of it: a raw socket on each side of the proxy. */
describe('at its edges the proxy', () => {
  let bench: ProxyBench;

  beforeAll(async () => {
    bench = await ProxyBench.start((request, response) => {
      if (request.url === '/cookies') response.setHeader('set-cookie', ['a=1', 'b=2']);
      if (request.method === 'POST') request.resume().on('end', () => response.end('taken'));
      else response.end('answer');
    });
  });

  afterAll(() => bench.stop());

  beforeEach(() => {
    bench.prod.seen.length = 0;
  });

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
      expect(await bench.raw(bytes)).toMatch(/^HTTP\/1\.1 400 /);
      expect(bench.prod.seen.length).toBe(0);
    });
  }

  it('refuses a body that is too large before it has come', async () => {
    const answer = await bench.raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/x-proxy-error: body-too-large/);
    expect(bench.prod.seen.length).toBe(0);
  });

  it('lets every Set-Cookie of the app through, beside its own', async () => {
    const answer = await fetch(`${bench.url}/cookies`, { headers: { accept: 'text/html' } });
    const names = answer.headers.getSetCookie().map((cookie) => cookie.split('=')[0]);
    expect(names).toEqual(['a', 'b', 'coalmine-bucket']);
  });

  it('owns X-Forwarded-*: what a client says of itself is not passed on', async () => {
    await fetch(bench.url, {
      headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', forwarded: 'for=6' },
    });
    const headers = bench.prod.seen[0]?.headers ?? {};
    expect([headers['x-forwarded-for'], headers['x-forwarded-proto'], headers.forwarded]).toEqual([
      '127.0.0.1',
      'http',
      undefined,
    ]);
  });

  it('serves a request that wants to upgrade to h2c as what it is without', async () => {
    const bytes =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';
    expect(await bench.raw(bytes)).toMatch(/^HTTP\/1\.1 200 [^]*answer/);
    expect(bench.prod.seen[0]?.headers.upgrade).toBeUndefined();
  });

  it('does not blame a server for clients that leave in the middle of their body', async () => {
    for (let count = 0; count < 5; count += 1)
      await bench.raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nhalf', 60);
    expect(await bench.figure('failures_total')).toBe(0);
    expect(await bench.figure('ejections_total')).toBe(0);
    expect((await fetch(bench.url)).status).toBe(200);
  });

  it('sends testers that the allow-list knows to the canary, and says why', async () => {
    const canary = await Behind.start((_request, response) => response.end('canary'));
    await writeFleet(bench.writer, { 'canary-1': canary.member('canary') });
    await change(bench.writer, 'rollout', (transaction) =>
      setRollout(transaction, { ...beginRollout('release', 0, 'a spec'), allow: ['ann'] }),
    );
    const ask = async (headers: Record<string, string>) =>
      (await fetch(bench.url, { headers })).headers.get('x-served-by');
    expect(await soon(async () => (await ask({ 'coalmine-canary': 'ann' })) === 'canary-1')).toBeTrue();
    expect(await ask({ cookie: 'coalmine-canary=ann' })).toBe('canary-1');
    expect(await ask({ 'coalmine-canary': 'bob' })).toBe('prod-1');
    const why = await fetch(`${bench.operations}/explain`, { headers: { 'coalmine-canary': 'ann' } });
    expect(await why.json()).toEqual(jasmine.objectContaining({ pool: 'canary', because: 'allowed' }));
    await writeFleet(bench.writer, { 'canary-1': null });
    await canary.kill();
  });

  it('obeys an alert that somebody wrote by hand, and its end', async () => {
    const isAlerted = async () =>
      ((await (await fetch(`${bench.operations}/explain`)).json()) as { because: string }).because ===
      'alert';
    await bench.writer.set('coalmine:alert:canary', 'I do not like it');
    expect(await soon(isAlerted)).toBeTrue();
    await bench.writer.del('coalmine:alert:canary');
    expect(await soon(async () => !(await isAlerted()))).toBeTrue();
  });

  it('keeps the fleet that it knows when Redis is emptied and written by others', async () => {
    await bench.writer.flushall();
    // Often enough that the revision is higher than the one that the proxy knows.
    for (let count = 0; count < 8; count += 1)
      await writeFleet(bench.writer, { 'redis-1': { ...bench.prod.member('redis') } });
    await change(bench.writer, 'rollout', (transaction) =>
      setRollout(transaction, beginRollout('r', 0, 'a spec')),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await fetch(bench.url)).status).toBe(200);
    expect(bench.proxy.output.join('')).not.toContain('state not saved');
  });
});
