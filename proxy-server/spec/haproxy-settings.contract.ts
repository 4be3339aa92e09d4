import { beginRollout, writeRollout } from '@coalmine/fleet/rollout.js';
import { soon } from '@coalmine/fleet/testbed.js';
import { BucketCookie } from '../src/bucket.js';
import { bucketOf } from '../src/choose.js';
import { HaproxyBench, secret } from './haproxy-bench.js';

describe('the HAProxy engine’s settings', () => {
  let bench: HaproxyBench;
  const newCookie = () => new BucketCookie(secret).issue(false).header.split(';')[0] ?? '';
  const servedTo = async (headers: Record<string, string>) =>
    Object.keys(await bench.whoAnswers(12, headers)).sort();

  async function start(environment: Record<string, string>, weight: number): Promise<string> {
    bench = await HaproxyBench.start(environment);
    const rollout = beginRollout('release', weight, 'a spec');
    await writeRollout(bench.writer, rollout);
    await soon(
      async () =>
        ((await (await fetch(`${bench.operations}/explain`)).json()) as { weight: number }).weight === weight,
    );
    await soon(async () => (await servedTo({})).length > 0);
    return rollout.id;
  }
  afterEach(() => bench.stop());

  it('tell users apart by a header, before the cookie', async () => {
    const salt = await start({ KEY_HEADER: 'X-User' }, 5000);
    const users = ['ann', 'bob', 'eve', 'joe', 'kim', 'lee'];
    for (const user of users) {
      const pool = bucketOf(user, salt) < 5000 ? 'canary-1' : 'prod-1';
      expect(await servedTo({ 'x-user': user, cookie: newCookie() }))
        .withContext(user)
        .toEqual([pool]);
    }
  });

  it('draw every request by itself where nobody is to stay', async () => {
    await start({ STICKY: 'false' }, 5000);
    expect(await servedTo({ cookie: newCookie(), accept: 'text/html' })).toEqual(['canary-1', 'prod-1']);
    expect(
      (await fetch(bench.url, { headers: { accept: 'text/html' } })).headers.get('set-cookie'),
    ).toBeNull();
  });

  it('believe a trusted proxy, and no other', async () => {
    await start({ TRUSTED_PROXIES: '127.0.0.0/8,::1' }, 0);
    const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', accept: 'text/html' };
    const cookie = (await fetch(bench.url, { headers })).headers.get('set-cookie');
    expect(cookie).toContain('; Secure');
    const told = bench.prod.seen.at(-1)?.headers;
    expect([told?.['x-forwarded-for'], told?.['x-forwarded-proto']]).toEqual([
      '192.0.2.7, 127.0.0.1',
      'https',
    ]);
    await bench.stop();
    await start({ TRUSTED_PROXIES: '192.0.2.0/24' }, 0);
    await fetch(bench.url, { headers });
    expect(bench.prod.seen.at(-1)?.headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  it('stop a body that is too large before it comes', async () => {
    await start({ BODY_AT_MOST: '10' }, 0);
    const post = (body: string) => fetch(bench.url, { method: 'POST', body });
    expect((await post('a'.repeat(11))).status).toBe(413);
    expect((await post('a'.repeat(10))).status).toBe(200);
  });

  it('carry 10 kB of headers, and refuse more than there is room for', async () => {
    await start({}, 0);
    const send = (bytes: number) => fetch(bench.url, { headers: { 'x-long': 'a'.repeat(bytes) } });
    expect((await send(10_000)).status).toBe(200);
    expect((await send(14_000)).status).toBe(400);
  });

  it('let testers in by header and by cookie, as the rollout says', async () => {
    await start({}, 0);
    await writeRollout(bench.writer, { ...beginRollout('release', 0, 'a spec'), allow: ['ann'] });
    expect(
      await soon(async () => (await servedTo({ 'coalmine-canary': 'ann' })).join() === 'canary-1'),
    ).toBeTrue();
    expect(await servedTo({ cookie: 'coalmine-canary=ann' })).toEqual(['canary-1']);
    expect(await servedTo({ 'coalmine-canary': 'eve' })).toEqual(['prod-1']);
    const aTester = newCookie();
    const key = aTester.split('=')[1]?.split('.')[0] ?? '';
    await writeRollout(bench.writer, { ...beginRollout('release', 0, 'a spec'), allow: [key] });
    expect(await soon(async () => (await servedTo({ cookie: aTester })).join() === 'canary-1')).toBeTrue();
    expect(await servedTo({ cookie: newCookie() })).toEqual(['prod-1']);
    await writeRollout(bench.writer, { ...beginRollout('release', 0, 'a spec'), allow: ['ann'] });
    const because = async () => {
      const why = await fetch(`${bench.operations}/explain`, { headers: { 'coalmine-canary': 'ann' } });
      return ((await why.json()) as { because: string }).because;
    };
    expect(await soon(async () => (await because()) === 'allowed')).toBeTrue();
  });

  it('write a line of JSON for the share of requests that the log wants', async () => {
    await start({ ACCESS_LOG_SHARE: '1' }, 0);
    await fetch(`${bench.url}/a"b`, { headers: { 'x-request-id': 'the-one' } });
    const lines = () => bench.proxy.output.join('').split('\n');
    expect(await soon(() => lines().some((line) => line.includes('the-one')))).toBeTrue();
    const line: unknown = JSON.parse(lines().find((text) => text.includes('the-one')) ?? '{}');
    expect(line).toEqual(
      jasmine.objectContaining({
        id: 'the-one',
        method: 'GET',
        status: 200,
        server: 'prod-1',
        msg: 'request',
      }),
    );
  });
});
