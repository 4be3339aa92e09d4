import { randomUUID, timingSafeEqual } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Cloud } from './cloud.js';
import { ApiError, notFound } from './errors.js';
import { limitRate } from './rate-limit.js';
import { accountRoutes } from './routes/account.js';
import { actionRoutes } from './routes/actions.js';
import { dropletActionRoutes } from './routes/droplet-actions.js';
import { dropletRoutes } from './routes/droplets.js';
import { imageRoutes } from './routes/images.js';
import { keyRoutes } from './routes/keys.js';
import { snapshotRoutes } from './routes/snapshots.js';
import { tagRoutes } from './routes/tags.js';

/** DigitalOcean's v2 API over a cloud; answers once the cloud is ready. */
export function createApi(cloud: Cloud, log: Logger, ready: Promise<void>): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(requestId, waitUntil(ready));
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  app.use(authenticate(cloud.config.token), limitRate(cloud.config.requestsPerMinute));
  app.use(express.json({ limit: '256kb', type: () => true }));
  app.use('/v2', accountRoutes(cloud));
  app.use('/v2/account/keys', keyRoutes(cloud));
  app.use('/v2/droplets', dropletActionRoutes(cloud), dropletRoutes(cloud));
  app.use('/v2/actions', actionRoutes(cloud));
  app.use('/v2/tags', tagRoutes(cloud));
  app.use('/v2/images', imageRoutes(cloud));
  app.use('/v2/snapshots', snapshotRoutes(cloud));
  app.use(() => {
    throw notFound();
  });
  app.use(answerError(log));
  return app;
}

const requestId: RequestHandler = (_request, response, next) => {
  response.locals.id = randomUUID();
  response.setHeader('x-request-id', response.locals.id as string);
  next();
};

function waitUntil(ready: Promise<void>): RequestHandler {
  return async (_request, _response, next) => {
    await ready;
    next();
  };
}

function authenticate(token: string): RequestHandler {
  const wanted = Buffer.from(`Bearer ${token}`);
  return (request, _response, next) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) next();
    else next(new ApiError(401, 'unauthorized', 'Unable to authenticate you.'));
  };
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const known = error instanceof ApiError ? error : badRequest(error);
    if (!known) log.error({ err: error, method: request.method, url: request.url }, 'request failed');
    const { status, id, message } = known ?? {
      status: 500,
      id: 'server_error',
      message: 'Unexpected server-side error',
    };
    response.status(status).json({ id, message, request_id: response.locals.id as string });
  };
}

/** What express itself refuses: a body that is no JSON or too long, a path that cannot be decoded. */
function badRequest(error: unknown): ApiError | null {
  const { status, message } = error as { status?: number; message?: string };
  if (status === undefined || status < 400 || status > 499) return null;
  return new ApiError(
    status,
    'bad_request',
    status === 400 ? 'The request is malformed.' : (message ?? 'Bad request.'),
  );
}
