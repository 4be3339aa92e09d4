import type { Request } from 'express';
import { z } from 'zod';
import { environments, isFlagKey } from '../definitions.js';
import { Refused, type Expected, type Place } from '../flags.js';

const environment = z.enum(environments).optional();

export const whyBody = z.strictObject({ why: z.string().max(500).optional() }).prefault({});
export const rolloutBody = z.strictObject({
  percent: z.number().min(0).max(100),
  variant: z.string().optional(),
  why: z.string().max(500).optional(),
});
export const restoreBody = z.strictObject({
  id: z.string(),
  /** The state before that change instead of the one after it: an undo. */
  before: z.boolean().default(false),
  why: z.string().max(500).optional(),
});
export const importBody = z.object({
  flags: z.record(z.string(), z.unknown()),
  $evaluators: z.record(z.string(), z.unknown()).optional(),
});

/** The flag and environment that a request is about. Throws Refused for a name that no flag can have. */
export function placeOf(request: Request): Place {
  const key = String(request.params.key);
  if (!isFlagKey(key))
    throw new Refused(
      404,
      'a flag is called with letters, digits and . _ : -, 128 at most, a letter or digit first',
    );
  const where = environment.parse(request.query.environment);
  return where ? { key, environment: where } : { key };
}

/** Why, as the header says that requests without a body of their own have; percent-encoded where it is no ASCII. */
export function whyOf(request: Request): string | undefined {
  const said = request.get('x-coalmine-why');
  if (said === undefined) return undefined;
  try {
    return decodeURIComponent(said).slice(0, 500);
  } catch {
    return said.slice(0, 500); // "100 %" is meant as it stands
  }
}

/** What the writer takes the flag to be. */
export function expectedOf(request: Request): Expected {
  const match = request.get('if-match');
  if (match !== undefined) return { etag: match };
  return request.get('if-none-match') === '*' ? 'absent' : 'any';
}

/** Whoever replaces a whole definition has to say which one. */
export function expectedByPut(request: Request, exists: boolean): Expected {
  const expected = expectedOf(request);
  if (expected !== 'any') return expected;
  if (exists) throw new Refused(428, 'say with If-Match which version is to be replaced, or with * any');
  return 'absent';
}

/** A JSON Merge Patch (RFC 7396): null removes, an object is merged, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else if (name !== '__proto__') result[name] = mergePatch(result[name], value);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
