import { evaluatorsField } from '@coalmine/fleet/flags.js';
import express, { Router, type Request, type Response } from 'express';
import type { Redis } from 'ioredis';
import type { Access } from '../access.js';
import { fieldOf, isFlagKey, killed, rolledOut, toggled, toggledTo, withoutKill } from '../definitions.js';
import { editFlag, putEvaluators, Refused, textOf } from '../flags.js';
import { readHistoryEntry } from '../history.js';
import type { FlagSource } from '../source.js';
import type { FlagStore } from '../store.js';
import { checkEvaluators, checkFlag, InvalidFlag } from '../validate.js';
import { viewFlag } from '../view.js';
import {
  expectedByPut,
  expectedOf,
  importBody,
  mergePatch,
  placeOf,
  restoreBody,
  rolloutBody,
  whyBody,
  whyOf,
} from './requests.js';

/** What changes flags; all of it for editors, all of it recorded. */
export function writeRoutes(source: FlagSource, store: FlagStore, redis: Redis, access: Access): Router {
  const router = Router();
  const editor = access.require('editor');
  const type = ['application/json', 'application/merge-patch+json'];
  // Not strict: what is JSON but no object is the schema's to refuse, with a path.
  const json = express.json({ limit: '256kb', strict: false, type });

  const answer = (request: Request, response: Response): void => {
    const { key, environment } = placeOf(request);
    const view = viewFlag(source.fields, key, environment);
    if (view) response.set('etag', view.etag).json(view);
    else response.status(204).end();
  };

  router.put('/flags/:key', editor, json, async (request, response) => {
    const place = placeOf(request);
    const exists = viewFlag(source.fields, place.key, place.environment) !== null;
    const author = access.author(request, whyOf(request));
    const expected = expectedByPut(request, exists);
    await editFlag(store, 'flag set', author, place, expected, () => request.body);
    response.status(exists ? 200 : 201);
    answer(request, response);
  });

  router.patch('/flags/:key', editor, json, async (request, response) => {
    const place = placeOf(request);
    const author = access.author(request, whyOf(request));
    await editFlag(store, 'flag changed', author, place, expectedOf(request), (before) => {
      if (!before) throw new Refused(404, `no flag is called ${place.key}`);
      return mergePatch(before, request.body);
    });
    answer(request, response);
  });

  router.delete('/flags/:key', editor, async (request, response) => {
    const author = access.author(request, whyOf(request));
    await editFlag(store, 'flag deleted', author, placeOf(request), expectedOf(request), () => null);
    response.status(204).end();
  });

  const oneClick = { toggle: toggled, kill: killed, revive: withoutKill } as const;
  for (const [name, edit] of Object.entries(oneClick)) {
    router.post(`/flags/:key/${name}`, editor, json, async (request, response) => {
      const place = placeOf(request);
      const { why } = whyBody.parse(request.body ?? {});
      const author = access.author(request, why ?? whyOf(request));
      const what = name === 'toggle' ? toggledTo : `flag ${name}`;
      await editFlag(store, what, author, place, expectedOf(request), (before) => {
        if (!before) throw new Refused(404, `no flag is called ${place.key}`);
        const after = edit(before);
        if (!after) throw new Refused(409, `${place.key} has no variant to ${name} to`);
        return after;
      });
      answer(request, response);
    });
  }

  router.post('/flags/:key/rollout', editor, json, async (request, response) => {
    const place = placeOf(request);
    const { percent, variant, why } = rolloutBody.parse(request.body);
    const author = access.author(request, why ?? whyOf(request));
    await editFlag(store, `flag rolled out to ${percent} %`, author, place, expectedOf(request), (before) => {
      if (!before) throw new Refused(404, `no flag is called ${place.key}`);
      const after = rolledOut(before, percent, variant);
      if (!after) throw new Refused(409, `${place.key} has no variants for on and off: name them`);
      return after;
    });
    answer(request, response);
  });

  router.post('/flags/:key/restore', editor, json, async (request, response) => {
    const place = placeOf(request);
    const { id, before, why } = restoreBody.parse(request.body);
    const entry = await readHistoryEntry(redis, fieldOf(place.key, place.environment), id);
    if (!entry) throw new Refused(404, `the history of ${place.key} has no change ${id}`);
    const wanted = before ? entry.from : entry.to;
    const author = access.author(request, why ?? whyOf(request));
    const what = before ? 'flag change undone' : 'flag restored';
    await editFlag(store, what, author, place, expectedOf(request), () => wanted);
    answer(request, response);
  });

  router.put('/evaluators', editor, json, async (request, response) => {
    const author = access.author(request, whyOf(request));
    await putEvaluators(store, author, request.body, source.fields);
    response.json(request.body);
  });

  /** Sets all flags of a flagd file, or none; those that are not in it stay as they are. */
  router.post('/import', editor, express.json({ limit: '32mb' }), async (request, response) => {
    const file = importBody.parse(request.body);
    const author = access.author(request, whyOf(request));
    await store.change('flags imported', author, Object.keys(file.flags), (texts) => {
      const current = JSON.parse(texts.get(evaluatorsField) ?? '{}') as object;
      const evaluators = file.$evaluators ? checkEvaluators({ ...current, ...file.$evaluators }) : current;
      return new Map([
        ...(file.$evaluators ? [[evaluatorsField, JSON.stringify(evaluators)] as const] : []),
        ...importedFlags(file.flags, evaluators),
      ]);
    });
    response.json({ imported: Object.keys(file.flags).length, revision: source.revision });
  });
  return router;
}

function importedFlags(flags: Record<string, unknown>, evaluators: object): [string, string][] {
  const mistakes = Object.entries(flags).flatMap(([key, definition]) => {
    if (!isFlagKey(key)) return [{ path: `/flags/${key}`, message: 'no flag can be called so here' }];
    try {
      checkFlag(definition, evaluators);
      return [];
    } catch (error) {
      if (!(error instanceof InvalidFlag)) throw error;
      return error.mistakes.map(({ path, message }) => ({ path: `/flags/${key}${path}`, message }));
    }
  });
  if (mistakes.length > 0) throw new InvalidFlag(mistakes.slice(0, 50));
  return Object.entries(flags).map(([key, definition]) => [
    key,
    textOf(definition as Parameters<typeof textOf>[0]),
  ]);
}
