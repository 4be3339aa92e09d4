import { Router, type Request } from 'express';
import { z } from 'zod';
import { debian, regions, sizes } from '../catalogue.js';
import type { Cloud } from '../cloud.js';
import { ApiError, notFound, unprocessable } from '../errors.js';
import { page } from '../paging.js';
import { representDroplet, representImage } from '../represent.js';
import type { ActionRecord, DropletRecord } from '../store.js';
import { representAction } from './actions.js';
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
  region: z.string().optional(),
  size: z.string({ message: 'You specified an invalid size for Droplet creation.' }),
  image: z.union([z.string(), z.int()], { message: 'You specified an invalid image for Droplet creation.' }),
  ssh_keys: z.array(z.union([z.int(), z.string()])).default([]),
  tags: z.array(tagName).nullish(),
  user_data: z.string().max(65_536, 'User data is limited to 64 KiB.').nullish(),
});

const actionSchema = z.object({ type: z.string(), name: z.string().optional() });

export function dropletRoutes(cloud: Cloud): Router {
  const router = Router();
  const { store } = cloud;
  const show = (droplet: DropletRecord) => representDroplet(cloud, droplet);
  const tagged = (tag: string) => store.state.droplets.filter(({ tags }) => tags.includes(tag));
  const named = (request: Request) => {
    const droplet = store.state.droplets.find(({ id }) => id === Number(request.params.id));
    if (!droplet) throw notFound();
    return droplet;
  };

  router.get('/', (request, response) => {
    const { tag_name: tag, name } = request.query;
    const droplets = typeof tag === 'string' ? tagged(tag) : store.state.droplets;
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
    const keyIds = wanted.ssh_keys.map((key) => findKey(cloud, key));
    const tags = (wanted.tags ?? []).map((tag) => createTag(store, tag));
    const made = names.map((name) =>
      cloud.create({
        name,
        region,
        size: wanted.size,
        imageId,
        keyIds,
        tags,
        userData: wanted.user_data ?? '',
      }),
    );
    const links = { actions: made.map(({ action }) => actionLink(request, action)) };
    const droplets = made.map(({ droplet }) => show(droplet));
    response.status(202).json(wanted.names ? { droplets, links } : { droplet: droplets[0], links });
  });

  router.delete('/', (request, response) => {
    const tag = request.query.tag_name;
    if (typeof tag !== 'string' || !tag) throw unprocessable('tag_name is required.');
    for (const droplet of tagged(tag)) void cloud.delete(droplet);
    response.status(204).end();
  });

  router.post('/actions', (request, response) => {
    const tag = request.query.tag_name;
    if (typeof tag !== 'string' || !tag) throw unprocessable('tag_name is required.');
    const { type, name } = parse(actionSchema, request.body);
    const actions = tagged(tag).map((droplet) => perform(cloud, droplet, type, name));
    response.status(201).json({ actions: actions.map(representAction) });
  });

  router.get('/:id', (request, response) => {
    response.json({ droplet: show(named(request)) });
  });

  router.delete('/:id', (request, response) => {
    void cloud.delete(named(request));
    response.status(204).end();
  });

  router.get('/:id/actions', (request, response) => {
    const { id } = named(request);
    const actions = store.state.actions.filter((action) => action.resource_id === id).toReversed();
    response.json(page(request, 'actions', actions.map(representAction)));
  });

  router.post('/:id/actions', (request, response) => {
    const { type, name } = parse(actionSchema, request.body);
    response.status(201).json({ action: representAction(perform(cloud, named(request), type, name)) });
  });

  router.get('/:id/actions/:actionId', (request, response) => {
    const { id } = named(request);
    const action = store.state.actions.find(
      (one) => one.resource_id === id && one.id === Number(request.params.actionId),
    );
    if (!action) throw notFound();
    response.json({ action: representAction(action) });
  });

  router.get('/:id/snapshots', (request, response) => {
    const images = named(request).snapshotIds.map((id) => representImage(cloud, id));
    response.json(page(request, 'snapshots', images));
  });

  return router;
}

function perform(cloud: Cloud, droplet: DropletRecord, type: string, name: string | undefined): ActionRecord {
  if (droplet.locked) throw unprocessable('Droplet already has a pending event.');
  switch (type) {
    case 'power_on':
      return cloud.powerOn(droplet);
    case 'power_off':
    case 'shutdown':
      return cloud.powerOff(droplet, type);
    case 'reboot':
    case 'power_cycle':
      return cloud.restart(droplet, type);
    case 'snapshot':
      return cloud.snapshot(droplet, name ?? `${droplet.name} ${new Date().toISOString()}`);
    default:
      throw unprocessable(`"${type}" is not an action that this cloud can do.`);
  }
}

function findImage(cloud: Cloud, wanted: string | number): number {
  if (wanted === debian.slug || wanted === debian.id) return debian.id;
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

/** The body as it should be, or 422 with the first thing that is wrong with it. */
export function parse<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ApiError(
    422,
    'unprocessable_entity',
    issue ? `${issue.path.join('.')}: ${issue.message}`.replace(/^: /, '') : '',
  );
}
