import { randomUUID, timingSafeEqual } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Cloud } from './cloud.js';
import { ApiError, notFound } from './errors.js';
import { accountRoutes } from './routes/account.js';
import { actionRoutes } from './routes/actions.js';
import { dropletRoutes } from './routes/droplets.js';
import { imageRoutes, snapshotRoutes } from './routes/images.js';
import { keyRoutes } from './routes/keys.js';
import { tagRoutes } from './routes/tags.js';

const requestsPerHour = 5000;

/** DigitalOcean's v2 API over a cloud. */
export function createServer(cloud: Cloud, log: Logger): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  app.use(requestId, authenticate(cloud.config.token), limitRate(cloud.config.requestsPerMinute));
  app.use(express.json({ limit: '256kb', type: () => true }));
  app.use('/v2', accountRoutes(cloud));
  app.use('/v2/account/keys', keyRoutes(cloud));
  app.use('/v2/droplets', dropletRoutes(cloud));
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

function authenticate(token: string): RequestHandler {
  const wanted = Buffer.from(`Bearer ${token}`);
  return (request, _response, next) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) next();
    else next(new ApiError(401, 'unauthorized', 'Unable to authenticate you.'));
  };
}

/** Two sliding windows, an hour and a minute, as the real one has; both announced in headers. */
function limitRate(perMinute: number): RequestHandler {
  let times: number[] = [];
  return (_request, response, next) => {
    const now = Date.now();
    times = times.filter((time) => time > now - 3_600_000);
    const recent = times.filter((time) => time > now - 60_000);
    const oldest = times[0] ?? now;
    response.setHeader('ratelimit-limit', requestsPerHour);
    response.setHeader('ratelimit-remaining', Math.max(0, requestsPerHour - times.length - 1));
    response.setHeader('ratelimit-reset', Math.ceil((oldest + 3_600_000) / 1000));
    if (recent.length >= perMinute || times.length >= requestsPerHour) {
      if (recent.length >= perMinute) {
        response.setHeader('retry-after', Math.max(1, Math.ceil(((recent[0] ?? now) + 60_000 - now) / 1000)));
      }
      next(new ApiError(429, 'too_many_requests', 'API rate limit exceeded.'));
      return;
    }
    times.push(now);
    next();
  };
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const known = error instanceof ApiError ? error : badBody(error);
    if (!known) log.error({ err: error, method: request.method, url: request.url }, 'request failed');
    const { status, id, message } = known ?? {
      status: 500,
      id: 'server_error',
      message: 'Unexpected server-side error',
    };
    response.status(status).json({ id, message, request_id: response.locals.id as string });
  };
}

function badBody(error: unknown): ApiError | null {
  const status = (error as { status?: number }).status;
  return status === 400 ? new ApiError(400, 'bad_request', 'The request body is not valid JSON.') : null;
}
