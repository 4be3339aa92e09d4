import { Router, type Request, type Response } from 'express';
import { resolve } from 'node:path';
import { causeOf } from '../api/jobs.js';
import { fields, findBuild, findJob, HttpError, type ApiContext } from '../api/context.js';
import { crumbField, crumbOf } from '../crumb.js';
import { resolveParameters } from '../parameters.js';
import { buildPage, stages } from './build.js';
import { jobPage, jobPath, jobsPage } from './jobs.js';

const files = resolve(import.meta.dirname, '../../../src/page');

/** The pages for people; what they do goes through the same queue as the API. */
export function pageRoutes(context: ApiContext): Router {
  const router = Router();
  router.get('/static/:file', (request, response) => {
    const file = request.params.file;
    if (!['style.css', 'console.js', 'ansi.js', 'live.js'].includes(file))
      throw new HttpError(404, 'Not Found');
    response.sendFile(file, { root: files });
  });
  router.get('/', (request, response) => {
    show(request, response, jobsPage(context.jobs.all, context.queue.waiting));
  });
  router.get('/job/:name', (request, response) => {
    const job = findJob(context, request);
    const waiting = context.queue.waiting.filter((item) => item.job === job);
    show(request, response, jobPage(job, waiting));
  });
  router.post('/job/:name/start', (request, response) => {
    const job = findJob(context, request);
    if (job.config.disabled) throw new HttpError(409, `${job.name} is not buildable`);
    // A form leaves out a checkbox that is not ticked.
    const unticked = Object.fromEntries(
      job.config.parameters.filter(({ kind }) => kind === 'boolean').map(({ name }) => [name, 'false']),
    );
    const parameters = resolveParameters(job.config.parameters, { ...unticked, ...fields(request) });
    context.queue.add(job, parameters, causeOf(request, response));
    response.redirect(302, jobPath(job));
  });
  router.post('/queue/item/:id/withdraw', (request, response) => {
    const item = context.queue.find(Number(request.params.id));
    if (!item) throw new HttpError(404, 'Not Found');
    context.queue.cancel(item);
    response.redirect(302, jobPath(item.job));
  });
  router.get(['/job/:name/:number', '/job/:name/:number/console'], (request, response) => {
    const { job, build } = findBuild(context, request);
    show(request, response, buildPage(job, build));
  });
  router.get('/job/:name/:number/stages', (request, response) => {
    response.type('html').send(stages(findBuild(context, request).build.record.stages).text);
  });
  return router;
}

/** Sends a page; its forms carry the crumb of the browser's session, which a login by password needs. */
function show(request: Request, response: Response, page: string): void {
  const field = `<input type="hidden" name="${crumbField}" value="${crumbOf(request, response)}" />`;
  response.type('html').send(page.replace(/<form\b[^>]*>/g, (form) => `${form}${field}`));
}
