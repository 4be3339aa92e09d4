import { Router, type Request } from 'express';
import { debian } from '../catalogue.js';
import type { Cloud } from '../cloud.js';
import { notFound } from '../errors.js';
import { page } from '../paging.js';
import { representSnapshot, snapshotAsImage } from '../represent.js';
import type { SnapshotRecord } from '../store.js';

export function imageRoutes(cloud: Cloud): Router {
  const router = Router();
  const { state } = cloud.store;
  router.get('/', (request, response) => {
    const own = state.snapshots.map(snapshotAsImage);
    response.json(page(request, 'images', request.query.private === 'true' ? own : [debian, ...own]));
  });
  router.get('/:id', (request, response) => {
    const isDebian = [debian.slug, String(debian.id)].includes(request.params.id);
    response.json({ image: isDebian ? debian : snapshotAsImage(snapshotOf(cloud, request)) });
  });
  router.delete('/:id', async (request, response) => {
    await cloud.deleteSnapshot(snapshotOf(cloud, request));
    response.status(204).end();
  });
  return router;
}

export function snapshotRoutes(cloud: Cloud): Router {
  const router = Router();
  router.get('/', (request, response) => {
    const none = request.query.resource_type === 'volume';
    response.json(page(request, 'snapshots', none ? [] : cloud.store.state.snapshots.map(representSnapshot)));
  });
  router.get('/:id', (request, response) => {
    response.json({ snapshot: representSnapshot(snapshotOf(cloud, request)) });
  });
  router.delete('/:id', async (request, response) => {
    await cloud.deleteSnapshot(snapshotOf(cloud, request));
    response.status(204).end();
  });
  return router;
}

function snapshotOf(cloud: Cloud, request: Request): SnapshotRecord {
  const snapshot = cloud.store.state.snapshots.find(({ id }) => id === Number(request.params.id));
  if (!snapshot) throw notFound();
  return snapshot;
}
