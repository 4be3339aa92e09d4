import { request as httpRequest } from 'node:http';
import { soon, TestRedis, type TestService } from '@coalmine/fleet/testbed.js';
import { ask, flag, startService, tokens } from './service.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('access to the flags', () => {
  let redis: TestRedis;
  let service: TestService;
  /** One for whom this machine is a stranger. */
  let guarded: TestService;

  beforeAll(async () => {
    redis = await TestRedis.start();
    const settings = { FLAGS_OPERATORS: '10.9.8.0/24' };
    [service, guarded] = await Promise.all([startService(redis), startService(redis, settings)]);
    await soon(async () => (await ask(service, 'GET', '/feature')).status === 200);
    await soon(
      async () => (await ask(guarded, 'GET', '/feature', undefined, bearer(tokens.editor))).status === 200,
    );
  });

  afterAll(async () => {
    await Promise.all([service.stop(), guarded.stop()]);
    await redis.stop();
  });

  const statuses = async (token: string | null) => {
    const headers = token === null ? {} : bearer(token);
    const tries = [
      ask(guarded, 'POST', '/ofrep/v1/evaluate/flags/tokens', {}, headers),
      ask(guarded, 'GET', '/flags', undefined, headers),
      ask(guarded, 'GET', '/flags/tokens/history', undefined, headers),
      ask(guarded, 'PUT', '/flags/new', flag('on'), { ...headers, 'if-match': '"none"' }),
      ask(guarded, 'POST', '/import', { flags: {} }, headers),
    ];
    return (await Promise.all(tries)).map(({ status }) => status);
  };

  it('is by token: an evaluator evaluates, a viewer looks, an editor changes', async () => {
    expect(await statuses(null)).toEqual([401, 401, 401, 401, 401]);
    expect(await statuses('guessed')).toEqual([401, 401, 401, 401, 401]);
    expect(await statuses(tokens.evaluator)).toEqual([200, 403, 403, 403, 403]);
    expect(await statuses(tokens.viewer)).toEqual([200, 200, 200, 403, 403]);
    expect(await statuses(tokens.editor)).toEqual([200, 200, 200, 412, 200]);
  });

  it('takes an API key too, as OFREP allows', async () => {
    const answer = await ask(
      guarded,
      'POST',
      '/ofrep/v1/evaluate/flags',
      {},
      { 'x-api-key': tokens.evaluator },
    );
    expect(answer.status).toBe(200);
  });

  it('lets only operators toggle without a token', async () => {
    expect((await ask(service, 'GET', '/feature')).status).toBe(200);
    expect((await ask(guarded, 'GET', '/feature')).status).toBe(401);
    expect((await ask(guarded, 'GET', '/feature', undefined, bearer(tokens.viewer))).status).toBe(403);
    expect((await ask(service, 'GET', '/feature', undefined, bearer('guessed'))).status).toBe(401);
  });

  it('lets no other site toggle through the operator’s browser', async () => {
    const other = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        httpRequest(`${service.url}/feature`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await other({ 'sec-fetch-site': 'cross-site' })).toBe(401);
    expect(await other({ origin: 'https://evil.example' })).toBe(401);
    expect(await other({ host: 'rebound.example' })).toBe(401);
    expect(await other({ 'sec-fetch-site': 'none' })).toBe(200);
  });

  it('knows no token, only its hash, and never says one', async () => {
    await statuses(tokens.editor);
    const said = guarded.output.join('');
    for (const token of Object.values(tokens)) expect(said).not.toContain(token);
  });

  it('has a limit, and says when to come again', async () => {
    const limited = await startService(redis, { WRITES_PER_MINUTE: '3', REQUESTS_PER_MINUTE: '50' });
    await soon(async () => (await ask(limited, 'GET', '/healthz')).body.redis === true);
    const toggle = () => fetch(`${limited.url}/flags/tokens/toggle`, { method: 'POST' });
    const answers = [await toggle(), await toggle(), await toggle(), await toggle()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${limited.url}/flags`)).status).toBe(200);
    await limited.stop();
  });

  it('refuses to start with what is not a hash', async () => {
    await expectAsync(startService(redis, { FLAGS_TOKENS: 'editor:secret' })).toBeRejectedWithError(
      /FLAGS_TOKENS/,
    );
  });
});
