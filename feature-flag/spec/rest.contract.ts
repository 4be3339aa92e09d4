import { keys } from '@coalmine/fleet/keys.js';
import { soon, TestRedis, type TestService } from '@coalmine/fleet/testbed.js';
import { ask, flag, startService } from './service.js';

describe('the REST of the flag service', () => {
  let redis: TestRedis;
  let service: TestService;
  let other: TestService;
  const to = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    ask(service, method, path, body, headers);

  beforeAll(async () => {
    redis = await TestRedis.start();
    [service, other] = await Promise.all([startService(redis), startService(redis)]);
    await soon(async () => (await to('POST', '/flags/tokens/toggle')).status === 200);
    await to('DELETE', '/flags/tokens');
  });

  afterAll(async () => {
    await Promise.all([service.stop(), other.stop()]);
    await redis.stop();
  });

  it('creates, reads, lists, changes and deletes', async () => {
    expect((await to('PUT', '/flags/search', flag('off', { metadata: { owner: 'ann' } }))).status).toBe(201);
    const read = await to('GET', '/flags/search');
    expect(read.body).toEqual(jasmine.objectContaining({ flag: 'search', value: false, stale: false }));
    expect(read.etag).toBe(read.body.etag as string);
    const changed = await to('PATCH', '/flags/search', {
      defaultVariant: 'on',
      metadata: { expires: '2020-01-01' },
    });
    expect(changed.body).toEqual(
      jasmine.objectContaining({
        value: true,
        stale: true,
        metadata: { owner: 'ann', expires: '2020-01-01' },
      }),
    );
    const list = await to('GET', '/flags?stale=true');
    expect((list.body.flags as { flag: string }[]).map((one) => one.flag)).toEqual(['search']);
    expect((await to('DELETE', '/flags/search')).status).toBe(204);
    expect((await to('GET', '/flags/search')).status).toBe(404);
    expect((await to('DELETE', '/flags/search')).status).toBe(404);
  });

  it('refuses a bad definition with the path, and keeps the old one', async () => {
    await to('PUT', '/flags/kept', flag('on'));
    const bad = await to('PUT', '/flags/kept', flag('on', { targeting: { if: [{ like: 1 }, 'on'] } }), {
      'if-match': '*',
    });
    expect(bad.status).toBe(422);
    expect((bad.body.mistakes as { path: string }[])[0]?.path).toBe('/targeting/if/0');
    expect((await to('PUT', '/flags/kept', 'on')).status).toBe(428);
    expect((await to('PATCH', '/flags/kept', { state: 'MAYBE' })).status).toBe(422);
    expect((await to('GET', '/flags/kept')).body).toEqual(jasmine.objectContaining(flag('on')));
    expect((await to('PUT', '/flags/no%20name', flag('on'))).status).toBe(404);
    const broken = await fetch(`${service.url}/flags/kept`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(broken.status).toBe(400);
  });

  it('tells the second of two editors, who then loses nothing', async () => {
    await to('PUT', '/flags/edited', flag('on'));
    const [mine, theirs] = [await to('GET', '/flags/edited'), await to('GET', '/flags/edited')];
    const put = (at: typeof mine, defaultVariant: 'on' | 'off', owner: string, where: TestService) =>
      ask(where, 'PUT', '/flags/edited', flag(defaultVariant, { metadata: { owner } }), {
        'if-match': at.etag ?? '',
      });
    const answers = await Promise.all([put(mine, 'off', 'ann', service), put(theirs, 'off', 'bob', other)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const owner = answers[0].status === 200 ? 'ann' : 'bob';
    const now = await to('GET', '/flags/edited');
    expect((now.body.metadata as { owner: string }).owner).toBe(owner);
    expect((await put(now, 'on', 'bob', service)).status).toBe(200);
    expect((await to('PUT', '/flags/edited', flag('on'), { 'if-none-match': '*' })).status).toBe(412);
  });

  it('takes toggles in two processes at once for as many toggles', async () => {
    await to('PUT', '/flags/contended', flag('on'));
    const toggles = Array.from({ length: 40 }, (_, index) =>
      ask(index % 2 ? service : other, 'POST', '/flags/contended/toggle'),
    );
    const values = (await Promise.all(toggles)).map(({ status }) => status);
    expect(values.every((status) => status === 200)).toBeTrue();
    const { history } = (await to('GET', '/flags/contended/history')).body as { history: { what: string }[] };
    const toggled = history.map(({ what }) => what).filter((what) => what !== 'flag set');
    expect(toggled.length).toBe(40);
    expect(toggled.every((what, index) => what === (index % 2 ? 'flag off' : 'flag on'))).toBeTrue();
    const odd = await ask(other, 'POST', '/flags/contended/toggle');
    expect(odd.body.value).toBeFalse();
  });

  it('records who, when, from what, to what and why, and undoes it', async () => {
    await to('PUT', '/flags/told', flag('on'));
    await to('POST', '/flags/told/toggle', { why: 'too slow' }, { 'x-coalmine-user': 'ann@laptop' });
    const { history } = (await to('GET', '/flags/told/history')).body as {
      history: { id: string; who: string; why: string; at: string; from: object; to: object }[];
    };
    const [last, first] = history;
    expect(last).toEqual(jasmine.objectContaining({ who: 'ann@laptop (127.0.0.1)', why: 'too slow' }));
    expect(last?.from).toEqual(flag('on'));
    expect(last?.to).toEqual(flag('off'));
    expect(Date.now() - Date.parse(last?.at ?? '')).toBeLessThan(60_000);
    expect((await to('POST', '/flags/told/restore', { id: last?.id, before: true })).body.value).toBeTrue();
    expect((await to('POST', '/flags/told/restore', { id: last?.id })).body.value).toBeFalse();
    await to('DELETE', '/flags/told');
    expect((await to('POST', '/flags/told/restore', { id: first?.id })).body.value).toBeTrue();
    expect((await to('POST', '/flags/told/restore', { id: '1-1' })).status).toBe(404);
    const client = redis.client();
    const [event] = await client.xrevrange(keys.events, '+', '-', 'COUNT', 1);
    expect(event?.[1]).toContain('flag restored');
    client.disconnect();
  });

  it('kills, revives and rolls out', async () => {
    await to('PUT', '/flags/switch', flag('on', { targeting: { if: [{ var: 'vip' }, 'on', null] } }));
    expect((await to('POST', '/flags/switch/kill', { why: 'on fire' })).body.value).toBeFalse();
    const evaluated = () =>
      ask(service, 'POST', '/ofrep/v1/evaluate/flags/switch', { context: { vip: true } });
    expect((await evaluated()).body.value).toBeFalse();
    await to('POST', '/flags/switch/revive');
    expect((await evaluated()).body.value).toBeTrue();
    const rolled = await to('POST', '/flags/switch/rollout', { percent: 12.5 });
    expect(rolled.body.targeting).toEqual({
      fractional: [
        ['on', 1250],
        ['off', 8750],
      ],
    });
    await to('PUT', '/flags/colour', { state: 'ENABLED', variants: { a: 'x', b: 'y' }, defaultVariant: 'a' });
    expect((await to('POST', '/flags/colour/toggle')).status).toBe(409);
    expect((await to('POST', '/flags/colour/kill')).status).toBe(409);
    expect((await to('POST', '/flags/switch/rollout', { percent: 101 })).status).toBe(400);
  });

  it('differs on the canary, and only there', async () => {
    await to('PUT', '/flags/place', flag('off'));
    expect((await to('POST', '/flags/place/toggle?environment=canary')).body.value).toBeTrue();
    expect((await to('GET', '/flags/place')).body).toEqual(
      jasmine.objectContaining({ value: false, environments: ['canary'] }),
    );
    const evaluated = async (environment?: string) =>
      (await to('POST', '/ofrep/v1/evaluate/flags/place', { context: { environment } })).body.value;
    expect([await evaluated(), await evaluated('prod'), await evaluated('canary')]).toEqual([
      false,
      false,
      true,
    ]);
    expect((await to('DELETE', '/flags/place?environment=canary')).status).toBe(204);
    expect(await evaluated('canary')).toBeFalse();
    expect((await to('GET', '/flags/place?environment=mars')).status).toBe(400);
  });

  it('imports a flagd file as a whole or not at all, and exports it again', async () => {
    const file = {
      flags: {
        'from-file': flag('on', { targeting: { if: [{ $ref: 'staff' }, 'on', 'off'] } }),
        another: flag('off'),
      },
      $evaluators: { staff: { ends_with: [{ var: 'email' }, '@example.com'] } },
    };
    const bad = { ...file, flags: { ...file.flags, bad: { ...flag('on'), state: 'ON' } } };
    const refused = await to('POST', '/import', bad);
    expect(refused.status).toBe(422);
    expect((refused.body.mistakes as { path: string }[])[0]?.path).toBe('/flags/bad/state');
    expect((await to('GET', '/flags/another')).status).toBe(404);
    expect((await to('POST', '/import', file)).body.imported).toBe(2);
    const exported = (await to('GET', '/export')).body as typeof file;
    expect(exported.flags['from-file']).toEqual(file.flags['from-file']);
    expect(exported.$evaluators).toEqual(file.$evaluators);
    const context = { email: 'ann@example.com' };
    const evaluated = await to('POST', '/ofrep/v1/evaluate/flags/from-file', { context });
    expect(evaluated.body).toEqual(jasmine.objectContaining({ value: true, reason: 'TARGETING_MATCH' }));
    expect((await to('PUT', '/evaluators', {})).status).toBe(422);
  });

  it('tells of changes as they happen', async () => {
    const stopped = new AbortController();
    const response = await fetch(`${other.url}/changes`, { signal: stopped.signal });
    let heard = '';
    void (async () => {
      for await (const chunk of response.body ?? []) heard += Buffer.from(chunk as Uint8Array).toString();
    })().catch(() => undefined);
    await to('POST', '/flags/switch/toggle');
    expect(
      await soon(() => /event: changed\ndata: \{"revision":\d+,"flags":\["switch"\]\}/.test(heard)),
    ).toBeTrue();
    stopped.abort();
  });
});
