import { createHash } from 'node:crypto';
import express, { Router, type ErrorRequestHandler } from 'express';
import type { EvaluationContext } from '@openfeature/core';
import { z } from 'zod';
import type { Access } from '../access.js';
import { environments, type Environment } from '../definitions.js';
import type { FlagSet } from '../flag-set.js';
import { silent } from '../validate.js';

/** A wrong request, in the protocol's own terms. */
class BadContext extends Error {
  override readonly name = 'BadContext';
  constructor(
    readonly errorCode: 'PARSE_ERROR' | 'INVALID_CONTEXT',
    message: string,
  ) {
    super(message);
  }
}

const contextSchema = z.looseObject({ targetingKey: z.string().optional() });

/** The flags as they are in each environment, and for who does not say. */
export type FlagSets = Readonly<Record<Environment | 'all', FlagSet>>;

/**
 * The OpenFeature Remote Evaluation Protocol: any OpenFeature client can ask. `context.environment` chooses the
 * environment. A disabled flag is one that is not there, as flagd's schema has it.
 */
export function ofrepRoutes(sets: FlagSets, access: Access): Router {
  const router = Router();
  router.use('/ofrep', access.require('evaluator'));
  // Whatever the client calls it, it is to be JSON: so says the protocol.
  const json = express.json({ limit: '256kb', type: () => true });

  router.post('/ofrep/v1/evaluate/flags/:key', json, (request, response) => {
    const key = String(request.params.key);
    const context = contextOf(request.body);
    const result = evaluate(setFor(sets, context), key, context);
    if (result === null)
      response
        .status(404)
        .json({ key, errorCode: 'FLAG_NOT_FOUND', errorDetails: `no flag is called ${key}` });
    else response.status('errorCode' in result ? 400 : 200).json(result);
  });

  router.post('/ofrep/v1/evaluate/flags', json, (request, response) => {
    const context = contextOf(request.body);
    const set = setFor(sets, context);
    const flags = set.keys().flatMap((key) => evaluate(set, key, context) ?? []);
    const body = JSON.stringify({ flags });
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
    response.set('etag', etag).set('cache-control', 'no-cache');
    const known = (request.get('if-none-match') ?? '')
      .split(',')
      .map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(etag) || known.includes('*')) response.status(304).end();
    else response.type('application/json').send(body);
  });

  router.use('/ofrep', onError);
  return router;
}

/** What the protocol says of one flag: a success, a failure, or null when there is no such flag. */
export function evaluate(set: FlagSet, key: string, context: EvaluationContext): object | null {
  const flag = set.getFlag(key);
  if (!flag || flag.state === 'DISABLED') return null;
  const { value, reason, variant, flagMetadata, errorCode, errorMessage } = {
    variant: undefined,
    errorCode: undefined,
    errorMessage: undefined,
    ...flag.evaluate(context, silent),
  };
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage };
  return { key, value, reason, variant, metadata: flagMetadata };
}

function contextOf(body: unknown): EvaluationContext {
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new BadContext('PARSE_ERROR', 'the body must be a JSON object');
  const context = contextSchema.safeParse((body as { context?: unknown }).context ?? {});
  if (!context.success) {
    const [issue] = context.error.issues;
    throw new BadContext(
      'INVALID_CONTEXT',
      `context ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  return context.data as EvaluationContext;
}

function setFor(sets: FlagSets, context: EvaluationContext): FlagSet {
  const environment = environments.find((name) => name === context.environment);
  return sets[environment ?? 'all'];
}

const onError: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const key = /\/flags\/([^/?]+)/.exec(request.originalUrl)?.[1];
  const failed = key === undefined ? {} : { key: decodeURIComponent(key) };
  if (error instanceof BadContext)
    response.status(400).json({ ...failed, errorCode: error.errorCode, errorDetails: error.message });
  else if ((error as { status?: number }).status === 400)
    response
      .status(400)
      .json({ ...failed, errorCode: 'PARSE_ERROR', errorDetails: (error as Error).message });
  else if (((error as { status?: number }).status ?? 500) < 500) next(error);
  else response.status(500).json({ errorDetails: (error as Error).message });
};
