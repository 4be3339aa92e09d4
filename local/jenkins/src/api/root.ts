import { Router } from 'express';
import { crumb, version } from '../auth.js';
import { answer, baseUrl, wantsFull, type ApiContext } from './context.js';
import { rootView } from './views.js';

/** `/api/json`, who am I, the crumb, the plugins that clients ask for. */
export function rootRoutes({ config, jobs, queue }: ApiContext): Router {
  const router = Router();
  router.get('/api/json', (request, response) => {
    answer(
      request,
      response,
      rootView(baseUrl(request), jobs.all, queue, config.executors, wantsFull(request)),
    );
  });
  router.get('/crumbIssuer/api/json', (request, response) => {
    answer(request, response, crumb(config.token));
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
  router.get('/pluginManager/api/json', (request, response) => {
    const plugins = [
      'workflow-aggregator',
      'git',
      'junit',
      'warnings-ng',
      'credentials-binding',
      'timestamper',
    ];
    answer(request, response, {
      _class: 'hudson.LocalPluginManager',
      plugins: plugins.map((shortName) => ({
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
