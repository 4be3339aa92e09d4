import { Router } from 'express';
import { z } from 'zod';
import { parse } from '../body.js';
import { debian } from '../catalogue.js';
import type { Cloud } from '../cloud.js';
import { page } from '../paging.js';
import { snapshotAsImage } from '../represent.js';
import { deleteSnapshot } from '../snapshot.js';
import { namedSnapshot } from './snapshots.js';

/** The one image of the catalogue and the account's own, which are snapshots. */
export function imageRoutes(cloud: Cloud): Router {
  const router = Router();
  const { state } = cloud.store;
  router.get('/', (request, response) => {
    const own = state.snapshots.map(snapshotAsImage);
    const { private: onlyOwn, type } = request.query;
    const withBase = onlyOwn === 'true' || type === 'application' ? [] : [debian];
    response.json(page(request, 'images', [...withBase, ...(type === undefined ? own : [])]));
  });
  router.get('/:id', (request, response) => {
    const isDebian = [debian.slug, String(debian.id)].includes(request.params.id);
    response.json({ image: isDebian ? debian : snapshotAsImage(namedSnapshot(cloud, request)) });
  });
  router.put('/:id', (request, response) => {
    const snapshot = namedSnapshot(cloud, request);
    snapshot.name = parse(z.object({ name: z.string().min(1) }), request.body).name;
    cloud.store.save();
    response.json({ image: snapshotAsImage(snapshot) });
  });
  router.delete('/:id', async (request, response) => {
    await deleteSnapshot(cloud, namedSnapshot(cloud, request));
    response.status(204).end();
  });
  return router;
}
