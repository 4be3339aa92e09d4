import { soon, TestRedis, type TestService } from '@coalmine/fleet/testbed.js';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature, type Client } from '@openfeature/server-sdk';
import { ask, flag, startService, tokens } from './service.js';

describe('OFREP', () => {
  let redis: TestRedis;
  let service: TestService;
  let client: Client;
  const single = (key: string, body?: unknown) =>
    ask(service, 'POST', `/ofrep/v1/evaluate/flags/${key}`, body);

  beforeAll(async () => {
    redis = await TestRedis.start();
    service = await startService(redis);
    const flags = {
      banner: flag('off', {
        targeting: { if: [{ ends_with: [{ var: 'email' }, '@example.com'] }, 'on', null] },
        metadata: { owner: 'ann', weight: 3 },
      }),
      greeting: { state: 'ENABLED', variants: { hi: 'hi', bye: 'bye' }, defaultVariant: 'hi' },
      limit: { state: 'ENABLED', variants: { few: 3, many: 30 }, defaultVariant: 'many' },
      layout: { state: 'ENABLED', variants: { wide: { columns: 3 } }, defaultVariant: 'wide' },
      gone: { ...flag('on'), state: 'DISABLED' },
      broken: flag('on', { targeting: { if: [true, 'neither', null] } }),
      coded: { ...flag('on'), defaultVariant: null },
    };
    await soon(async () => (await ask(service, 'POST', '/import', { flags })).status === 200);
    const headers: [string, string][] = [['authorization', `Bearer ${tokens.evaluator}`]];
    await OpenFeature.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: service.url, headers }));
    client = OpenFeature.getClient('ofrep');
  });

  afterAll(async () => {
    await OpenFeature.clearProviders();
    await service.stop();
    await redis.stop();
  });

  it('serves the public client every type, with reason and metadata', async () => {
    const context = { targetingKey: 'u1', email: 'ann@example.com' };
    expect(await client.getBooleanDetails('banner', false, context)).toEqual(
      jasmine.objectContaining({
        value: true,
        variant: 'on',
        reason: 'TARGETING_MATCH',
        flagMetadata: { owner: 'ann', weight: 3 },
      }),
    );
    expect((await client.getBooleanDetails('banner', true, { targetingKey: 'u2' })).reason).toBe('DEFAULT');
    expect(await client.getStringValue('greeting', '')).toBe('hi');
    expect(await client.getNumberValue('limit', 0)).toBe(30);
    const layout: unknown = await client.getObjectValue('layout', {});
    expect(layout).toEqual({ columns: 3 });
    expect((await client.getStringDetails('greeting', '')).reason).toBe('STATIC');
  });

  it('lets the public client tell what is wrong', async () => {
    const codes = async (key: string) => (await client.getBooleanDetails(key, true)).errorCode as string;
    expect(await codes('unknown')).toBe('FLAG_NOT_FOUND');
    expect(await codes('gone')).toBe('FLAG_NOT_FOUND');
    expect(await codes('greeting')).toBe('TYPE_MISMATCH');
    expect(await codes('broken')).toBe('GENERAL');
    expect(await client.getBooleanValue('coded', true)).toBeTrue();
  });

  it('answers in the words of its OpenAPI document', async () => {
    expect(await single('banner', { context: { targetingKey: 'u' } })).toEqual({
      status: 200,
      etag: null,
      body: {
        key: 'banner',
        value: false,
        reason: 'DEFAULT',
        variant: 'off',
        metadata: { owner: 'ann', weight: 3 },
      },
    });
    expect((await single('unknown', {})).body).toEqual(
      jasmine.objectContaining({ key: 'unknown', errorCode: 'FLAG_NOT_FOUND' }),
    );
    const bad = await single('banner', { context: { targetingKey: 7 } });
    expect([bad.status, bad.body.key, bad.body.errorCode]).toEqual([400, 'banner', 'INVALID_CONTEXT']);
    const broken = await fetch(`${service.url}/ofrep/v1/evaluate/flags/banner`, {
      method: 'POST',
      body: '{',
    });
    expect(broken.status).toBe(400);
    expect(await broken.json()).toEqual(
      jasmine.objectContaining({ key: 'banner', errorCode: 'PARSE_ERROR' }),
    );
    expect((await single('coded', {})).body).toEqual({ key: 'coded', reason: 'DEFAULT', metadata: {} });
    expect((await single('greeting')).status).toBe(200);
  });

  it('evaluates all at once, each with its own error, and says when nothing has changed', async () => {
    const bulk = (context: object, headers = {}) =>
      ask(service, 'POST', '/ofrep/v1/evaluate/flags', { context }, headers);
    const first = await bulk({ targetingKey: 'u', email: 'x@example.com' });
    const flags = first.body.flags as Record<string, unknown>[];
    expect(flags.map(({ key }) => key)).toEqual([
      'banner',
      'broken',
      'coded',
      'greeting',
      'layout',
      'limit',
      'tokens',
    ]);
    expect(flags.find(({ key }) => key === 'broken')?.errorCode).toBe('GENERAL');
    expect(flags.find(({ key }) => key === 'banner')?.value).toBeTrue();
    const known = { 'if-none-match': first.etag ?? '' };
    const again = await bulk({ targetingKey: 'u', email: 'x@example.com' }, known);
    expect([again.status, again.etag, again.body]).toEqual([304, first.etag, {}]);
    expect((await bulk({ targetingKey: 'u', email: 'other' }, known)).status).toBe(200);
    await ask(service, 'POST', '/flags/tokens/toggle');
    expect((await bulk({ targetingKey: 'u', email: 'x@example.com' }, known)).status).toBe(200);
    const bad = await ask(service, 'POST', '/ofrep/v1/evaluate/flags', { context: 'all' });
    expect([bad.status, bad.body.errorCode]).toEqual([400, 'INVALID_CONTEXT']);
  });
});
