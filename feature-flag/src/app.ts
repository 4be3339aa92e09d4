import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@coalmine/fleet/log.js';
import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import { rateLimit, type RateLimitRequestHandler } from 'express-rate-limit';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { address, type Access } from './access.js';
import { booleanValue, defaultFlag, toggled, toggledTo } from './definitions.js';
import { editFlag, Refused } from './flags.js';
import type { ChangeStream } from './routes/changes.js';
import { ofrepRoutes, type FlagSets } from './routes/ofrep.js';
import { readRoutes } from './routes/read.js';
import { writeRoutes } from './routes/write.js';
import type { FlagSource } from './source.js';
import type { FlagStore } from './store.js';
import { InvalidFlag } from './validate.js';

export interface AppParts {
  source: FlagSource;
  store: FlagStore;
  sets: FlagSets;
  changes: ChangeStream;
  access: Access;
  redis: Redis;
  log: Logger;
  /** How many requests a minute one caller may make, and how many of them may change something. */
  limits: { requests: number; writes: number };
}

/** Made by page/build.mjs, beside the program. */
const pageFolder = join(import.meta.dirname, 'page');

/** The flag service: `/feature`, REST, OFREP, changes as they happen, and a page. */
export function createApp(parts: AppParts): Express {
  const { source, store, sets, changes, access, redis, log, limits } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // the definitions have entity tags of their own
  app.use((_request, response, next) => {
    response.set({
      'content-security-policy':
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    next();
  });
  app.use(perMinute(limits.requests, () => false));
  app.use(perMinute(limits.writes, (request) => isReading(request)));

  app.all('/feature', access.require('editor'), async (request, response) => {
    const author = access.author(request);
    const flag = await editFlag(store, toggledTo, author, { key: defaultFlag }, 'any', (before) => {
      const after = before && toggled(before);
      if (!after) throw new Refused(409, `${defaultFlag} has no boolean variants to toggle`);
      return after;
    });
    response
      .set('cache-control', 'no-store')
      .json({ flag: defaultFlag, value: booleanValue(flag ?? undefined) });
  });

  app.use(ofrepRoutes(sets, access));
  app.use(changes.routes(access));
  app.use(readRoutes(source, sets.all, redis, access));
  app.use(writeRoutes(source, store, redis, access));
  if (existsSync(pageFolder)) app.use(express.static(pageFolder, { etag: true, cacheControl: false }));

  app.use((_request, response) => {
    response.status(404).json({
      error: 'there are /, /feature, /flags, /evaluators, /check, /export, /import, /changes and /ofrep/v1',
    });
  });
  app.use(answerError(log));
  return app;
}

/** Evaluations change nothing, though they are POSTs. */
function isReading(request: Request): boolean {
  if (request.path === '/feature') return false;
  if (request.path === '/check') return true;
  return request.method === 'GET' || request.path.startsWith('/ofrep/');
}

function perMinute(limit: number, skip: (request: Request) => boolean): RateLimitRequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit,
    skip,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (request) => request.get('authorization') ?? request.get('x-api-key') ?? address(request),
    validate: false,
    handler: (_request, response) => {
      response.status(429).json({ error: 'too many requests', errorDetails: 'too many requests' });
    },
  });
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof InvalidFlag) {
      response.status(422).json({ error: 'the definition is not valid', mistakes: error.mistakes });
    } else if (error instanceof z.ZodError) {
      const mistakes = error.issues.map(({ path, message }) => ({ path: `/${path.join('/')}`, message }));
      response.status(400).json({ error: 'the request is not valid', mistakes });
    } else if (error instanceof Refused) {
      response.status(error.status).json({ error: error.message });
    } else if (((error as { status?: number }).status ?? 500) < 500) {
      response.status((error as { status: number }).status).json({ error: (error as Error).message });
    } else {
      log.error({ err: error }, 'flag request failed');
      response
        .status(503)
        .set('retry-after', '1')
        .json({ error: 'the flags cannot be changed just now', reason: (error as Error).message });
    }
  };
}
