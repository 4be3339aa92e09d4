import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { z } from 'zod';
import { getToken, setToken } from './tokens.js';

/** Answers whether the tokens are switched on for a user; from memory, and never with an error. */
export type TokensOn = (user: string) => Promise<boolean>;

const ttl = z.coerce.number().int().min(1).max(86_400);
const value = z.string().min(1).max(4096);
const newToken = z.strictObject({ value, ttlSeconds: ttl.default(3600) });
const setQuery = z.object({
  value: value.default('this message will self-destruct in 10 seconds'),
  ttl: ttl.default(10),
});

/** The id that the classic routes `/set` and `/get` use. */
const classicId = 'self-destruct';

/** The sample service: a greeting, and tokens with an expiry behind a flag. */
export function createApp(redis: Redis, tokensOn: TokensOn, log: Logger): Express {
  const app = express();
  app.disable('x-powered-by');

  app.get('/', (_request, response) => {
    const { COALMINE_HOST: host, COALMINE_RELEASE: release } = process.env;
    response.json({ greeting: 'Hello from Coalmine', host, release });
  });

  const behindFlag: RequestHandler = async (request, response, next) => {
    if (await tokensOn(userOf(request))) next();
    else response.status(403).json({ error: 'tokens are switched off', reason: 'feature flag' });
  };
  app.use(['/set', '/get', '/tokens'], behindFlag);

  app.all('/set', async (request, response) => {
    const query = setQuery.parse(request.query);
    response.json(await setToken(redis, query.value, query.ttl, classicId));
  });

  app.get('/get', async (_request, response) => {
    const found = await getToken(redis, classicId);
    if (found === null) response.status(404).json({ error: 'nothing is set, or it has expired' });
    else response.json({ value: found });
  });

  app.post('/tokens', express.json({ limit: '16kb' }), async (request, response) => {
    const wanted = newToken.parse(request.body);
    response.status(201).json(await setToken(redis, wanted.value, wanted.ttlSeconds));
  });

  app.get('/tokens/:id', async (request, response) => {
    const { id } = request.params;
    const found = await getToken(redis, id);
    if (found === null) response.status(404).json({ error: `no token ${id}, or it has expired` });
    else response.json({ id, value: found });
  });

  app.use((_request, response) => {
    response.status(404).json({ error: 'not found' });
  });
  app.use(answerError(log));
  return app;
}

/** Whom a gradual rollout takes for the same user: the client's address, as the proxy passes it on. */
function userOf(request: Request): string {
  const [client] = (request.get('x-forwarded-for') ?? '').split(',');
  return client?.trim() || (request.socket.remoteAddress ?? '');
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    if (error instanceof z.ZodError) {
      const reasons = error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
      response.status(400).json({ error: 'the request is not valid', reasons });
      return;
    }
    const status = (error as { status?: number }).status;
    if (status !== undefined && status < 500) {
      response.status(status).json({ error: (error as Error).message });
      return;
    }
    log.error({ err: error }, 'request failed');
    response
      .status(503)
      .set('retry-after', '1')
      .json({ error: 'the token store is away', reason: (error as Error).message });
  };
}
