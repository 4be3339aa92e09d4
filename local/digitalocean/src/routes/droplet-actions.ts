import { Router } from 'express';
import { z } from 'zod';
import { parse } from '../body.js';
import type { Cloud } from '../cloud.js';
import { lifecycle } from '../droplet.js';
import { notFound, unprocessable } from '../errors.js';
import { page } from '../paging.js';
import type { ActionRecord, DropletRecord } from '../store.js';
import { representAction } from './actions.js';
import { findImage, namedDroplet, taggedDroplets, wantedTag } from './droplets.js';

const schema = z.object({
  type: z.string(),
  name: z.string().min(1).nullish(),
  image: z.union([z.string(), z.int()]).nullish(),
});

type Order = z.infer<typeof schema>;

/** What can be done to droplets, one by one or all of a tag. */
export function dropletActionRoutes(cloud: Cloud): Router {
  const router = Router();
  const { store } = cloud;

  router.post('/actions', (request, response) => {
    const droplets = taggedDroplets(cloud, wantedTag(request));
    const order = parse(schema, request.body);
    const actions = droplets.map((droplet) => perform(cloud, droplet, order));
    response.status(201).json({ actions: actions.map(representAction) });
  });

  router.get('/:id/actions', (request, response) => {
    const { id } = namedDroplet(cloud, request);
    const actions = store.state.actions.filter((action) => action.resource_id === id).toReversed();
    response.json(page(request, 'actions', actions.map(representAction)));
  });

  router.post('/:id/actions', (request, response) => {
    const action = perform(cloud, namedDroplet(cloud, request), parse(schema, request.body));
    response.status(201).json({ action: representAction(action) });
  });

  router.get('/:id/actions/:actionId', (request, response) => {
    const { id } = namedDroplet(cloud, request);
    const wanted = Number(request.params.actionId);
    const action = store.state.actions.find((one) => one.resource_id === id && one.id === wanted);
    if (!action) throw notFound();
    response.json({ action: representAction(action) });
  });

  return router;
}

function perform(cloud: Cloud, droplet: DropletRecord, order: Order): ActionRecord {
  const { type } = order;
  if (!Object.hasOwn(lifecycle, type))
    throw unprocessable(`"${type}" is not an action that this cloud can do.`);
  const pending = cloud.store.state.actions.find(
    ({ resource_id, status }) => resource_id === droplet.id && status === 'in-progress',
  );
  // Clients ask twice for a shutdown; the second time nothing more has to be done.
  if (pending && type === 'shutdown' && pending.type === 'shutdown') return pending;
  if (droplet.locked) throw unprocessable('Droplet already has a pending event.');
  if (type === 'rename' && !order.name) throw unprocessable('Name is required.');
  const name = order.name ?? `${droplet.name}-${Date.now()}`;
  const imageId =
    order.image === undefined || order.image === null ? droplet.imageId : findImage(cloud, order.image);
  const work = lifecycle[type as keyof typeof lifecycle];
  return cloud.act(droplet, type, () => work(cloud, droplet, name, imageId));
}
