import { Router, text, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Cause } from '../build.js';
import type { Job } from '../job.js';
import { parseJobConfig } from '../job-config.js';
import { resolveParameters } from '../parameters.js';
import { answer, baseUrl, depthOf, fields, findJob, HttpError, type ApiContext } from './context.js';
import { jobView } from './views.js';

const xmlBody = text({ type: () => true, limit: '10mb' });

/** `/createItem` and `/job/NAME/…`: the life of a job, and starting a build of it. */
export function jobRoutes(context: ApiContext): Router {
  const router = Router();

  router.post('/createItem', xmlBody, (request, response) => {
    const { name, mode, from } = request.query;
    if (typeof name !== 'string') throw new HttpError(400, 'Query parameter ‘name’ is required');
    try {
      const source = mode === 'copy' ? context.jobs.get(String(from)) : undefined;
      if (mode === 'copy' && !source) throw new Error(`No such job: ${String(from)}`);
      context.jobs.create(name, source?.configXml ?? String(request.body ?? ''));
    } catch (error) {
      refuse(400, error);
    }
    if (mode === 'copy') response.redirect(302, `/job/${encodeURIComponent(name)}/`);
    else response.status(200).end();
  });

  router.get('/job/:name/api/json', (request, response) => {
    answer(
      request,
      response,
      jobView(
        baseUrl(request),
        findJob(context, request),
        context.queue,
        depthOf(request),
        String(request.query.tree ?? ''),
      ),
    );
  });

  router
    .route('/job/:name/config.xml')
    .get((request, response) => {
      response.type('application/xml').send(findJob(context, request).configXml);
    })
    .post(xmlBody, (request, response) => {
      const job = findJob(context, request);
      try {
        parseJobConfig(String(request.body ?? ''));
      } catch (error) {
        refuse(500, error);
      }
      job.configXml = String(request.body);
      response.status(200).end();
    });

  for (const path of ['/job/:name/doDelete', '/job/:name/delete']) {
    router.post(path, async (request, response) => {
      await remove(context, findJob(context, request));
      response.redirect(302, '/');
    });
  }
  router.delete(['/job/:name', '/job/:name/'], async (request, response) => {
    await remove(context, findJob(context, request));
    response.status(204).end();
  });

  for (const [action, disabled] of [
    ['enable', 'false'],
    ['disable', 'true'],
  ] as const) {
    router.post(`/job/:name/${action}`, (request, response) => {
      const job = findJob(context, request);
      job.configXml = /<disabled>.*?<\/disabled>/s.test(job.configXml)
        ? job.configXml.replace(/<disabled>.*?<\/disabled>/s, `<disabled>${disabled}</disabled>`)
        : job.configXml.replace(
            /<\/flow-definition>\s*$/,
            `<disabled>${disabled}</disabled></flow-definition>`,
          );
      response.redirect(302, '.');
    });
  }

  router.post(['/job/:name/doRename', '/job/:name/confirmRename'], (request, response) => {
    const job = findJob(context, request);
    const { queue, jobs } = context;
    const busy = [...queue.runs.map(({ input }) => input.job), ...queue.waiting.map((item) => item.job)];
    if (busy.includes(job)) throw new HttpError(400, `Unable to rename ${job.name} while it is building`);
    try {
      const renamed = jobs.rename(job, String(fields(request).newName ?? ''));
      response.redirect(302, `/job/${encodeURIComponent(renamed.name)}/`);
    } catch (error) {
      refuse(400, error);
    }
  });

  router.all('/job/:name/build', (request, response) => {
    const job = buildable(context, request);
    const { json } = fields(request);
    if (job.config.parameters.length > 0 && typeof json !== 'string') {
      throw new HttpError(400, 'Nothing is submitted');
    }
    start(context, request, response, job, typeof json === 'string' ? submitted(json) : {});
  });
  router.all('/job/:name/buildWithParameters', (request, response) => {
    const job = buildable(context, request);
    if (job.config.parameters.length === 0) throw new HttpError(400, `${job.name} is not parameterized`);
    start(context, request, response, job, fields(request));
  });
  return router;
}

function start(
  context: ApiContext,
  request: Request,
  response: Response,
  job: Job,
  given: Record<string, unknown>,
): void {
  try {
    const parameters = resolveParameters(job.config.parameters, given);
    const item = context.queue.add(job, parameters, causeOf(request, response));
    response
      .status(201)
      .set('Location', `${baseUrl(request)}queue/item/${item.id}/`)
      .end();
  } catch (error) {
    throw new HttpError(400, (error as Error).message);
  }
}

const formSchema = z.object({
  parameter: z
    .preprocess(
      (value) => (Array.isArray(value) ? value : [value]),
      z.array(z.object({ name: z.string(), value: z.unknown() })),
    )
    .optional(),
});

/** The field `json` of Jenkins' own form: `{"parameter": [{"name": …, "value": …}]}`. */
export function submitted(json: string): Record<string, unknown> {
  try {
    const { parameter = [] } = formSchema.parse(JSON.parse(json));
    return Object.fromEntries(parameter.map(({ name, value }) => [name, value]));
  } catch (error) {
    throw new HttpError(400, `json: ${(error as Error).message}`);
  }
}

function buildable(context: ApiContext, request: Request): Job {
  const job = findJob(context, request);
  const { authToken, disabled } = job.config;
  const given = request.query.token;
  if (request.method !== 'POST' && !(authToken && given === authToken)) {
    throw new HttpError(405, 'You must use POST method to trigger builds.', { Allow: 'POST' });
  }
  if (disabled) throw new HttpError(409, `${job.name} is not buildable`);
  return job;
}

/** Who asked for a build: the user, or a host with the job's own token. */
export function causeOf(request: Request, response: Response): Cause {
  const { token, cause } = request.query;
  if (token !== undefined) {
    const note = typeof cause === 'string' ? ` with note: ${cause}` : '';
    return {
      _class: 'hudson.model.Cause$RemoteCause',
      shortDescription: `Started by remote host ${request.ip}${note}`,
    };
  }
  const user = String(response.locals.user);
  return {
    _class: 'hudson.model.Cause$UserIdCause',
    shortDescription: `Started by user ${user}`,
    userId: user,
    userName: user,
  };
}

async function remove(context: ApiContext, job: Job): Promise<void> {
  for (const item of context.queue.waiting) if (item.job === job) context.queue.cancel(item);
  await context.queue.killAll(job);
  context.jobs.delete(job);
}

function refuse(status: number, error: unknown): never {
  const { message } = error as Error;
  // A header holds Latin-1 only; Jenkins' clients show this one.
  throw new HttpError(status, message, {
    'X-Error': message.replace(/[‘’]/g, '?').replace(/[^\x20-\x7e]/g, '?'),
  });
}
