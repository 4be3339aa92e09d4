import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { booleanValue, defaultFlag } from './definitions.js';
import { readFlag, toggleFlag } from './store.js';

/** `/feature` toggles the default flag; `/flags/:key` reads any. */
export function createApp(redis: Redis, log: Logger): Express {
  const app = express();
  app.disable('x-powered-by');

  app.all('/feature', async (request, response) => {
    const flag = await toggleFlag(redis, defaultFlag, request.ip ?? 'unknown');
    response.set('cache-control', 'no-store').json({ flag: defaultFlag, value: booleanValue(flag) });
  });

  app.get('/flags/:key', async (request, response) => {
    const { key } = request.params;
    const flag = await readFlag(redis, key);
    if (flag) response.json({ flag: key, value: flag.variants[flag.defaultVariant], ...flag });
    else response.status(404).json({ error: `no flag is called ${key}` });
  });

  app.use((_request, response) => {
    response.status(404).json({ error: 'there are /feature and /flags/:key' });
  });

  const onError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
    log.error({ err: error }, 'flag request failed');
    response
      .status(503)
      .set('retry-after', '1')
      .json({ error: 'the flags cannot be reached just now', reason: (error as Error).message });
  };
  app.use(onError);
  return app;
}
