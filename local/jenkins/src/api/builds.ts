import { Router, type Request } from 'express';
import { resolve, sep } from 'node:path';
import { readLog } from '../log.js';
import { causeOf, submitted } from './jobs.js';
import { answer, baseUrl, fields, findBuild, HttpError, type ApiContext } from './context.js';
import { buildUrl, buildView } from './views.js';
import { issuesView, pendingView, stagesView, testsView } from './reports.js';

/** `/job/NAME/NUMBER/…`: a build, its log, what it published, and ending it. */
export function buildRoutes(context: ApiContext): Router {
  const router = Router();
  const { queue } = context;
  const at = '/job/:name/:number';

  router.get(`${at}/api/json`, (request, response) => {
    const { job, build } = findBuild(context, request);
    answer(request, response, buildView(baseUrl(request), job, build));
  });

  router.all(
    [`${at}/logText/progressiveText`, `${at}/logText/progressiveHtml`],
    async (request, response) => {
      const { build } = findBuild(context, request);
      const part = await readLog(build, startOf(request));
      response.set('X-Text-Size', String(part.size));
      if (part.more) response.set('X-More-Data', 'true');
      response.type('text/plain; charset=utf-8').send(part.bytes);
    },
  );

  router.get(`${at}/consoleText`, (request, response) => {
    response
      .type('text/plain; charset=utf-8')
      .sendFile(findBuild(context, request).build.logPath, { dotfiles: 'allow' });
  });

  router.post(`${at}/stop`, (request, response) => {
    queue.runOf(findBuild(context, request).build)?.abort(`Aborted by ${String(response.locals.user)}`);
    response.redirect(302, request.get('referer') ?? '.');
  });
  router.post([`${at}/term`, `${at}/kill`], (request, response) => {
    queue.runOf(findBuild(context, request).build)?.kill();
    response.status(200).end();
  });

  router.post(`${at}/rebuild`, (request, response) => {
    const { job, build } = findBuild(context, request);
    if (build.record.hidden.length > 0)
      throw new HttpError(409, 'A build with password parameters cannot be rebuilt');
    queue.add(job, build.record.parameters, causeOf(request, response));
    response.redirect(302, request.get('referer') ?? `/job/${encodeURIComponent(job.name)}/`);
  });

  router.post(`${at}/submitDescription`, (request, response) => {
    const { build } = findBuild(context, request);
    build.record.description = String(fields(request).description ?? '');
    build.save();
    response.redirect(302, '.');
  });
  router.post(`${at}/doDelete`, (request, response) => {
    const { job, build } = findBuild(context, request);
    if (build.record.building) throw new HttpError(400, `${job.name} #${build.number} is still running`);
    job.remove(build);
    response.redirect(302, `/job/${encodeURIComponent(job.name)}/`);
  });

  router.get(`${at}/artifact/*path`, (request, response) => {
    const { build } = findBuild(context, request);
    const path = ([] as string[]).concat(request.params.path as unknown as string | string[]).join('/');
    const file = resolve(build.archive, path);
    if (!file.startsWith(build.archive + sep) || !build.artifacts.includes(path))
      throw new HttpError(404, 'Not Found');
    response.sendFile(file, { dotfiles: 'allow' });
  });

  router.get(`${at}/testReport/api/json`, (request, response) => {
    const view = testsView(findBuild(context, request).build);
    if (!view) throw new HttpError(404, 'Not Found');
    answer(request, response, view);
  });
  router.get([`${at}/wfapi/describe`, `${at}/wfapi`], (request, response) => {
    const { job, build } = findBuild(context, request);
    response.json(stagesView(new URL(buildUrl(baseUrl(request), job, build)).pathname, build));
  });

  router.get(`${at}/wfapi/pendingInputActions`, (request, response) => {
    const { job, build } = findBuild(context, request);
    response.json(pendingView(new URL(buildUrl(baseUrl(request), job, build)).pathname, build));
  });
  router.post(
    [`${at}/input/:id/proceedEmpty`, `${at}/input/:id/submit`, `${at}/input/:id/abort`],
    (request, response) => {
      const { build } = findBuild(context, request);
      const id = String(request.params.id);
      if (!build.record.inputs.some((input) => input.id === id)) throw new HttpError(404, 'Not Found');
      const { proceed, json, ...given } = fields(request);
      const refused =
        request.path.endsWith('/abort') || (request.path.endsWith('/submit') && proceed === undefined);
      const values = typeof json === 'string' ? submitted(json) : given;
      const texts = Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]);
      queue.runOf(build)?.answerInput(id, String(response.locals.user), refused, Object.fromEntries(texts));
      response.redirect(302, request.get('referer') ?? '../..');
    },
  );

  router.get([`${at}/:tool/api/json`, `${at}/:tool/all/api/json`], (request, response) => {
    const view = issuesView(findBuild(context, request).build, String(request.params.tool));
    if (!view) throw new HttpError(404, 'Not Found');
    answer(request, response, view);
  });
  return router;
}

function startOf(request: Request): number {
  return Number(fields(request).start ?? 0);
}
