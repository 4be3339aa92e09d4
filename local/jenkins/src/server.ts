import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Logger } from 'pino';
import { buildRoutes } from './api/builds.js';
import { HttpError, type ApiContext } from './api/context.js';
import { credentialRoutes } from './api/credentials.js';
import { jobRoutes } from './api/jobs.js';
import { queueRoutes } from './api/queue.js';
import { rootRoutes } from './api/root.js';
import { validateRoutes } from './api/validate.js';
import { jenkinsHeaders, refuseForeignOrigin, requireLogin } from './auth.js';
import { requireCrumb } from './crumb.js';
import { pageRoutes } from './page/routes.js';

/** The HTTP application: health without authentication, everything else with it. */
export function createApp(context: ApiContext, log: Logger): Express {
  const { user, token, password } = context.config;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.use(jenkinsHeaders);
  app.get('/healthz', (_request, response) => {
    response.json({
      ok: true,
      service: 'jenkins',
      running: context.queue.runs.length,
      waiting: context.queue.waiting.length,
    });
  });
  app.use(requireLogin(user, token, password), refuseForeignOrigin);
  app.use(express.urlencoded({ extended: false, limit: '10mb', parameterLimit: 10_000 }), requireCrumb);
  app.use(rootRoutes(context), jobRoutes(context), queueRoutes(context), validateRoutes(context));
  app.use(credentialRoutes(context), buildRoutes(context), pageRoutes(context));
  app.use(() => {
    throw new HttpError(404, 'Not Found');
  });
  app.use(errorPage(log));
  return app;
}

function errorPage(log: Logger): ErrorRequestHandler {
  return (error: Error & { status?: number }, _request, response, _next) => {
    const status = error.status ?? 500;
    if (status >= 500) log.error({ err: error }, 'request failed');
    if (error instanceof HttpError) response.set(error.headers);
    const title = `Error ${status}`;
    response
      .status(status)
      .type('html')
      .send(
        `<html><head><title>${title}</title></head><body><h1>${title}</h1><p>${escape(error.message)}</p></body></html>`,
      );
  };
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
