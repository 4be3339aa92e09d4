import { Router } from 'express';
import { regions } from '../catalogue.js';
import type { Cloud } from '../cloud.js';
import { notFound } from '../errors.js';
import { page } from '../paging.js';
import type { ActionRecord } from '../store.js';

export function representAction(action: ActionRecord): Record<string, unknown> {
  const { region, ...rest } = action;
  return { ...rest, region: regions.find(({ slug }) => slug === region), region_slug: region };
}

export function actionRoutes({ store }: Cloud): Router {
  const router = Router();
  router.get('/', (request, response) => {
    response.json(page(request, 'actions', store.state.actions.toReversed().map(representAction)));
  });
  router.get('/:id', (request, response) => {
    const action = store.state.actions.find(({ id }) => id === Number(request.params.id));
    if (!action) throw notFound();
    response.json({ action: representAction(action) });
  });
  return router;
}
