import { evaluatorsField, type FlagFields } from '@coalmine/fleet/flags.js';
import express, { Router } from 'express';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Access } from '../access.js';
import { environments, fieldOf } from '../definitions.js';
import { effective } from '../effective.js';
import { FlagSet } from '../flag-set.js';
import { Refused } from '../flags.js';
import { readHistory } from '../history.js';
import type { FlagSource } from '../source.js';
import { checkFlag, InvalidFlag } from '../validate.js';
import { viewFlag, type FlagView } from '../view.js';
import { placeOf } from './requests.js';

const listQuery = z.object({
  environment: z.enum(environments).optional(),
  stale: z.stringbool().optional(),
  search: z.string().optional(),
});
const exportQuery = z.object({
  environment: z.enum(environments).optional(),
  effective: z.stringbool().default(false),
});

/** What can be looked at: the list, a flag, its history, the file for flagd. Answered from memory. */
export function readRoutes(source: FlagSource, flags: FlagSet, redis: Redis, access: Access): Router {
  const router = Router();
  router.use(['/flags', '/evaluators', '/export'], access.require('viewer'));

  router.get('/flags', (request, response) => {
    const { environment, stale, search } = listQuery.parse(request.query);
    const views = flags
      .keys()
      .map((key) => viewFlag(source.fields, key, environment))
      .filter((view) => view !== null)
      .filter((view) => (stale === undefined || view.stale === stale) && matches(view, search));
    response.json({ revision: source.revision, ...source.state, flags: views });
  });

  router.get('/flags/:key', (request, response) => {
    const { key, environment } = placeOf(request);
    const view = viewFlag(source.fields, key, environment);
    if (!view) throw new Refused(404, `no flag is called ${key}`);
    response.set('etag', view.etag).set('cache-control', 'no-cache').json(view);
  });

  router.get('/flags/:key/history', async (request, response) => {
    const { key, environment } = placeOf(request);
    response.json({ flag: key, history: await readHistory(redis, fieldOf(key, environment)) });
  });

  router.get('/evaluators', (_request, response) => {
    response.json(JSON.parse(source.fields.get(evaluatorsField) ?? '{}'));
  });

  /** What would be wrong with a definition, without setting it: for editors, while one types. */
  const json = express.json({ limit: '256kb', strict: false });
  router.post('/check', access.require('viewer'), json, (request, response) => {
    try {
      checkFlag(request.body, JSON.parse(source.fields.get(evaluatorsField) ?? '{}'));
      response.json({ mistakes: [] });
    } catch (error) {
      if (!(error instanceof InvalidFlag)) throw error;
      response.json({ mistakes: error.mistakes });
    }
  });

  router.get('/export', (request, response) => {
    const query = exportQuery.parse(request.query);
    response
      .set('content-disposition', 'attachment; filename="flags.flagd.json"')
      .json(exported(source.fields, flags, query));
  });
  return router;
}

/** A file as flagd reads it; with `effective`, kill switches and schedules are said in flagd's own terms. */
function exported(fields: FlagFields, flags: FlagSet, query: z.infer<typeof exportQuery>): unknown {
  const set = new FlagSet(query.environment);
  set.replace(fields);
  const definitions = flags.keys().flatMap((key) => {
    const definition = set.definition(key);
    return definition ? [[key, query.effective ? effective(definition) : definition]] : [];
  });
  const evaluators = fields.get(evaluatorsField);
  return {
    $schema: 'https://flagd.dev/schema/v0/flags.json',
    flags: Object.fromEntries(definitions),
    ...(evaluators ? { $evaluators: JSON.parse(evaluators) } : {}),
  };
}

function matches(view: FlagView, search: string | undefined): boolean {
  if (!search) return true;
  const { owner = '', description = '' } = view.metadata ?? {};
  return `${view.flag} ${String(owner)} ${String(description)}`.toLowerCase().includes(search.toLowerCase());
}
