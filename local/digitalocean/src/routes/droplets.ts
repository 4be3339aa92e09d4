import { Router, type Request } from 'express';
import { z } from 'zod';
import { parse } from '../body.js';
import { debian, regions, sizes } from '../catalogue.js';
import type { Cloud } from '../cloud.js';
import { notFound, unprocessable } from '../errors.js';
import { page } from '../paging.js';
import { representDroplet, representDropletSnapshot } from '../represent.js';
import type { ActionRecord, DropletRecord } from '../store.js';
import { createTag, tagName } from './tags.js';

export const dropletLimit = 25;

const hostname = z
  .string()
  .max(255)
  .regex(
    /^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/,
    'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)',
  );

const createSchema = z.object({
  name: hostname.optional(),
  names: z.array(hostname).min(1).max(10, 'You can only create 10 Droplets at once.').optional(),
  region: z.string().nullish(),
  size: z.string({ message: 'You specified an invalid size for Droplet creation.' }),
  image: z.union([z.string(), z.int()], { message: 'You specified an invalid image for Droplet creation.' }),
  ssh_keys: z.array(z.union([z.int(), z.string()])).nullish(),
  tags: z.array(tagName).nullish(),
  user_data: z.string().max(65_536, 'User data is limited to 64 KiB.').nullish(),
});

/** Droplets: made, listed, shown and destroyed. What is done to them stands in `droplet-actions.ts`. */
export function dropletRoutes(cloud: Cloud): Router {
  const router = Router();
  const { store } = cloud;
  const show = (droplet: DropletRecord) => representDroplet(cloud, droplet);

  router.get('/', (request, response) => {
    const { tag_name: tag, name } = request.query;
    const droplets = typeof tag === 'string' ? taggedDroplets(cloud, tag) : store.state.droplets;
    const chosen =
      typeof name === 'string'
        ? droplets.filter((one) => one.name.toLowerCase() === name.toLowerCase())
        : droplets;
    response.json(page(request, 'droplets', chosen.map(show)));
  });

  router.post('/', (request, response) => {
    const wanted = parse(createSchema, request.body);
    const names = wanted.names ?? (wanted.name ? [wanted.name] : []);
    if (names.length === 0) throw unprocessable('Name is required.');
    if (store.state.droplets.length + names.length > dropletLimit) {
      throw unprocessable('creating this/these droplet(s) will exceed your droplet limit');
    }
    const region = wanted.region ?? 'nyc3';
    if (!regions.some(({ slug }) => slug === region))
      throw unprocessable('You specified an invalid region for Droplet creation.');
    if (!sizes.some(({ slug }) => slug === wanted.size))
      throw unprocessable('You specified an invalid size for Droplet creation.');
    const imageId = findImage(cloud, wanted.image);
    const keyIds = (wanted.ssh_keys ?? []).map((key) => findKey(cloud, key));
    const tags = [...new Set((wanted.tags ?? []).map((tag) => createTag(store, tag)))];
    const settings = { region, size: wanted.size, imageId, keyIds, tags, userData: wanted.user_data ?? '' };
    const made = names.map((name) => cloud.create({ name, ...settings }));
    const links = { actions: made.map(({ action }) => actionLink(request, action)) };
    const droplets = made.map(({ droplet }) => show(droplet));
    response.status(202).json(wanted.names ? { droplets, links } : { droplet: droplets[0], links });
  });

  router.delete('/', (request, response) => {
    for (const droplet of taggedDroplets(cloud, wantedTag(request))) cloud.delete(droplet);
    response.status(204).end();
  });

  router.get('/:id', (request, response) => {
    response.json({ droplet: show(namedDroplet(cloud, request)) });
  });

  router.delete('/:id', (request, response) => {
    cloud.delete(namedDroplet(cloud, request));
    response.status(204).end();
  });

  router.get('/:id/snapshots', (request, response) => {
    const { snapshotIds } = namedDroplet(cloud, request);
    const snapshots = store.state.snapshots.filter(({ id }) => snapshotIds.includes(id));
    response.json(page(request, 'snapshots', snapshots.map(representDropletSnapshot)));
  });

  // What this cloud's droplets never have.
  for (const kind of ['backups', 'kernels', 'firewalls']) {
    router.get(`/:id/${kind}`, (request, response) => {
      namedDroplet(cloud, request);
      response.json(page(request, kind, []));
    });
  }

  return router;
}

/** The droplet that the path names. Throws 404. */
export function namedDroplet(cloud: Cloud, request: Request): DropletRecord {
  const droplet = cloud.store.state.droplets.find(({ id }) => id === Number(request.params.id));
  if (!droplet) throw notFound();
  return droplet;
}

export function taggedDroplets(cloud: Cloud, tag: string): DropletRecord[] {
  return cloud.store.state.droplets.filter(({ tags }) => tags.includes(tag));
}

/** The tag that the query names. Throws 422: without one, all droplets would be meant. */
export function wantedTag(request: Request): string {
  const tag = request.query.tag_name;
  if (typeof tag !== 'string' || !tag) throw unprocessable('tag_name is required.');
  return tag;
}

export function findImage(cloud: Cloud, wanted: string | number): number {
  if (wanted === debian.slug || Number(wanted) === debian.id) return debian.id;
  const snapshot = cloud.store.state.snapshots.find(({ id }) => id === Number(wanted));
  if (!snapshot) throw unprocessable('You specified an invalid image for Droplet creation.');
  return snapshot.id;
}

function findKey(cloud: Cloud, wanted: string | number): number {
  const key = cloud.store.state.keys.find(
    ({ id, fingerprint }) => id === Number(wanted) || fingerprint === wanted,
  );
  if (!key) throw unprocessable(`${wanted} are invalid key identifiers for Droplet creation.`);
  return key.id;
}

function actionLink(request: Request, action: ActionRecord): Record<string, unknown> {
  return { id: action.id, rel: 'create', href: `http://${request.headers.host}/v2/actions/${action.id}` };
}
