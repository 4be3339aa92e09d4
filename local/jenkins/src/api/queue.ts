import { Router, type Response } from 'express';
import { answer, baseUrl, fields, HttpError, type ApiContext } from './context.js';
import { itemView } from './views.js';

/** `/queue/…`: what waits, and what has just left. */
export function queueRoutes({ queue }: ApiContext): Router {
  const router = Router();
  const find = (id: unknown) => {
    const item = queue.find(Number(id));
    if (!item) throw new HttpError(404, 'Not Found');
    return item;
  };

  router.get('/queue/api/json', (request, response) => {
    const items = queue.waiting.map((item) => itemView(baseUrl(request), item, queue));
    answer(request, response, { _class: 'hudson.model.Queue', discoverableItems: [], items });
  });
  router.get('/queue/item/:id/api/json', (request, response) => {
    answer(request, response, itemView(baseUrl(request), find(request.params.id), queue));
  });
  router.post('/queue/cancelItem', (request, response) => {
    if (!queue.cancel(find(fields(request).id))) throw new HttpError(422, 'The item has left the queue');
    done(response);
  });
  router.post('/queue/item/:id/cancelQueue', (request, response) => {
    queue.cancel(find(request.params.id));
    done(response);
  });
  return router;
}

/** 204 with a length: python3-jenkins takes an answer without one for a broken connection. */
function done(response: Response): void {
  response.status(204).set('Content-Length', '0').end();
}
