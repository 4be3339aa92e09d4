import { Router } from 'express';
import { crumbField, crumbOf } from '../crumb.js';
import type { Queue } from '../queue.js';
import { answer, baseUrl, depthOf, HttpError, type ApiContext } from './context.js';
import { buildReference, rootView, type View } from './views.js';

/** `/api/json`, who am I, the crumb, the plugins that clients ask for. */
export function rootRoutes({ config, jobs, queue }: ApiContext): Router {
  const router = Router();
  router.get('/api/json', (request, response) => {
    answer(
      request,
      response,
      rootView(baseUrl(request), jobs.all, queue, config.executors, depthOf(request)),
    );
  });
  router.get('/crumbIssuer/api/json', (request, response) => {
    answer(request, response, {
      _class: 'hudson.security.csrf.DefaultCrumbIssuer',
      crumb: crumbOf(request, response),
      crumbRequestField: crumbField,
    });
  });
  router.get(['/me/api/json', '/whoAmI/api/json', '/user/:id/api/json'], (request, response) => {
    const name = String(response.locals.user);
    answer(request, response, {
      _class: request.path.startsWith('/whoAmI') ? 'hudson.security.WhoAmI' : 'hudson.model.User',
      anonymous: false,
      authenticated: true,
      authorities: ['authenticated'],
      name,
      fullName: name,
      id: name,
    });
  });
  router.get('/view/all/api/json', (request, response) => {
    const { jobs: all } = rootView(baseUrl(request), jobs.all, queue, config.executors, depthOf(request));
    answer(request, response, {
      _class: 'hudson.model.AllView',
      name: 'all',
      url: baseUrl(request),
      jobs: all,
    });
  });
  router.get('/computer/api/json', (request, response) => {
    const computer = [computerView(baseUrl(request), queue, config.executors)];
    answer(request, response, {
      _class: 'hudson.model.ComputerSet',
      busyExecutors: queue.runs.length,
      computer,
      displayName: 'Nodes',
      totalExecutors: config.executors,
    });
  });
  router.get('/computer/:name/api/json', (request, response) => {
    if (!['(built-in)', '(master)', 'Built-In Node'].includes(request.params.name))
      throw new HttpError(404, 'Not Found');
    answer(request, response, computerView(baseUrl(request), queue, config.executors));
  });
  router.get('/pluginManager/api/json', (request, response) => {
    answer(request, response, {
      _class: 'hudson.LocalPluginManager',
      plugins: Object.entries(plugins).map(([shortName, version]) => ({
        shortName,
        longName: shortName,
        version,
        active: true,
        enabled: true,
      })),
    });
  });
  return router;
}

/** The plugins whose steps and formats are here, in the versions whose shapes were followed. */
const plugins: Record<string, string> = {
  'credentials-binding': '687.v619cb_15e923f',
  git: '5.7.0',
  junit: '1335.v6b_a_a_e18534e1',
  'pipeline-model-definition': '2.2255.v56a_15e805f12',
  timestamper: '1.30',
  'warnings-ng': '12.5.0',
  'workflow-aggregator': '608.v67378e9d3db_1',
  'workflow-cps': '4106.v7a_8a_8176d450',
  'workflow-job': '1540.v295eccc9778f',
};

/** The one node, with an executor for each build that may run. */
function computerView(base: string, queue: Queue, executors: number): View {
  return {
    _class: 'hudson.model.Hudson$MasterComputer',
    description: 'the Jenkins controller’s built-in node',
    displayName: 'Built-In Node',
    executors: Array.from({ length: executors }, (_, number) => {
      const run = queue.runs.find(({ input }) => input.executor === number);
      return {
        currentExecutable: run ? buildReference(base, run.input.job, run.input.build) : null,
        idle: run === undefined,
        likelyStuck: false,
        number,
        progress: -1,
      };
    }),
    idle: queue.runs.length === 0,
    numExecutors: executors,
    offline: false,
    offlineCause: null,
    temporarilyOffline: false,
  };
}
