import { Router, type Request } from 'express';
import { z } from 'zod';
import { parse } from '../body.js';
import type { Cloud } from '../cloud.js';
import { notFound } from '../errors.js';
import { page } from '../paging.js';
import type { Store } from '../store.js';

export const tagName = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9_\-:]+$/, 'Tag names may only have letters, numbers, colons, dashes and underscores');

const resourcesSchema = z.object({
  resources: z
    .array(z.object({ resource_id: z.coerce.string(), resource_type: z.literal('droplet') }))
    .min(1),
});

/** Makes a tag known. Returns it as it was first spelled, which is how DigitalOcean keeps it. */
export function createTag(store: Store, name: string): string {
  const known = store.state.tags.find((tag) => tag.toLowerCase() === name.toLowerCase());
  if (known) return known;
  store.state.tags.push(name);
  return name;
}

export function tagRoutes({ store }: Cloud): Router {
  const router = Router();
  const represent = (name: string): Record<string, unknown> => {
    const count = store.state.droplets.filter(({ tags }) => tags.includes(name)).length;
    return { name, resources: { count, droplets: { count } } };
  };
  const named = (request: Request): string => {
    const name = store.state.tags.find((tag) => tag === request.params.name);
    if (!name) throw notFound();
    return name;
  };
  const dropletsIn = (request: Request) => {
    const ids = parse(resourcesSchema, request.body).resources.map((one) => Number(one.resource_id));
    return store.state.droplets.filter(({ id }) => ids.includes(id));
  };
  router.get('/', (request, response) => {
    response.json(page(request, 'tags', store.state.tags.map(represent)));
  });
  router.post('/', (request, response) => {
    const name = createTag(store, parse(z.object({ name: tagName }), request.body).name);
    store.save();
    response.status(201).json({ tag: represent(name) });
  });
  router.get('/:name', (request, response) => {
    response.json({ tag: represent(named(request)) });
  });
  router.delete('/:name', (request, response) => {
    const name = named(request);
    store.state.tags = store.state.tags.filter((tag) => tag !== name);
    for (const droplet of store.state.droplets) droplet.tags = droplet.tags.filter((tag) => tag !== name);
    store.save();
    response.status(204).end();
  });
  router.post('/:name/resources', (request, response) => {
    const name = named(request);
    for (const droplet of dropletsIn(request)) droplet.tags = [...new Set([...droplet.tags, name])];
    store.save();
    response.status(204).end();
  });
  router.delete('/:name/resources', (request, response) => {
    const name = named(request);
    for (const droplet of dropletsIn(request)) droplet.tags = droplet.tags.filter((tag) => tag !== name);
    store.save();
    response.status(204).end();
  });
  return router;
}
