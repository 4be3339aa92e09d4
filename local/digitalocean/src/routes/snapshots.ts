import { Router, type Request } from 'express';
import type { Cloud } from '../cloud.js';
import { notFound } from '../errors.js';
import { page } from '../paging.js';
import { representSnapshot } from '../represent.js';
import { deleteSnapshot } from '../snapshot.js';
import type { SnapshotRecord } from '../store.js';

/** Snapshots of droplets; there are no volumes. */
export function snapshotRoutes(cloud: Cloud): Router {
  const router = Router();
  router.get('/', (request, response) => {
    const none = request.query.resource_type === 'volume';
    response.json(page(request, 'snapshots', none ? [] : cloud.store.state.snapshots.map(representSnapshot)));
  });
  router.get('/:id', (request, response) => {
    response.json({ snapshot: representSnapshot(namedSnapshot(cloud, request)) });
  });
  router.delete('/:id', async (request, response) => {
    await deleteSnapshot(cloud, namedSnapshot(cloud, request));
    response.status(204).end();
  });
  return router;
}

/** The snapshot that the path names. Throws 404. */
export function namedSnapshot(cloud: Cloud, request: Request): SnapshotRecord {
  const snapshot = cloud.store.state.snapshots.find(({ id }) => id === Number(request.params.id));
  if (!snapshot) throw notFound();
  return snapshot;
}
