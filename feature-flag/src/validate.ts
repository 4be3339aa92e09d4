import type { Flag } from '@coalmine/fleet/flags.js';
import { MemoryStorage } from '@openfeature/flagd-core';
import type { Logger } from '@openfeature/core';
import { z } from 'zod';
import { offVariant } from './definitions.js';
import { seconds } from './effective.js';

/** One thing that is wrong, and where: `/variants/on: must be boolean`. */
export interface Mistake {
  /** A JSON pointer into the definition. */
  path: string;
  message: string;
}

/** A definition that flagd's schema does not take. */
export class InvalidFlag extends Error {
  override readonly name = 'InvalidFlag';
  constructor(readonly mistakes: readonly Mistake[]) {
    super(mistakes.map(({ path, message }) => `${path || '/'}: ${message}`).join('; '));
  }
}

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const schemaErrors = z.array(
  z.object({
    instancePath: z.string(),
    schemaPath: z.string(),
    keyword: z.string(),
    params: z.record(z.string(), z.unknown()),
    message: z.string().default('is not valid'),
  }),
);
type SchemaError = z.infer<typeof schemaErrors>[number];

/**
 * Checks a definition with flagd's published JSON Schema, which flagd-core carries, and with what flagd itself would
 * refuse or trip over. Returns it. Throws an InvalidFlag with the path of everything that is wrong.
 */
export function checkFlag(definition: unknown, evaluators: unknown = {}): Flag {
  const { targeting } = Object(definition) as { targeting?: unknown };
  const unknown = referenceMistakes(targeting, evaluators);
  if (unknown.length > 0) throw new InvalidFlag(unknown);
  const mistakes = schemaMistakes({ flags: { flag: definition }, $evaluators: evaluators }, '/flags/flag');
  if (mistakes.length > 0) throw new InvalidFlag(mistakes);
  const flag = definition as Flag;
  const more = [...variantMistakes(flag), ...timeMistakes(flag)];
  if (more.length > 0) throw new InvalidFlag(more);
  return flag;
}

/** Checks the rules that definitions share. Throws an InvalidFlag. */
export function checkEvaluators(evaluators: unknown): Record<string, unknown> {
  const mistakes = schemaMistakes({ flags: {}, $evaluators: evaluators }, '/$evaluators');
  if (mistakes.length > 0) throw new InvalidFlag(mistakes);
  return evaluators as Record<string, unknown>;
}

function schemaMistakes(set: unknown, root: string): Mistake[] {
  try {
    const storage = new MemoryStorage(silent);
    storage.setConfigurations(JSON.stringify(set), true);
    const tried = storage.getFlag('flag')?.evaluate({}, silent);
    return tried?.errorCode === 'PARSE_ERROR' ? [{ path: '/targeting', message: 'cannot be compiled' }] : [];
  } catch (error) {
    const { message, cause } = error as Error;
    if (cause === undefined)
      return telling(schemaErrors.parse(JSON.parse(message.slice(message.indexOf('[')))), root);
    // The schema was content, but not the engine: what it trips over is looked for by name first.
    const { flags } = set as { flags: { flag?: Flag } };
    const found = flags.flag ? variantMistakes(flags.flag) : [];
    return found.length > 0 ? found : [{ path: '', message: (cause as Error).message }];
  }
}

/**
 * A schema of alternatives complains of every alternative. What helps is the deepest place that is wrong, and of
 * what is said there the more telling.
 */
export function telling(errors: readonly SchemaError[], root: string): Mistake[] {
  const depth = (error: SchemaError): number => error.instancePath.split('/').length;
  const deepest = Math.max(...errors.map(depth));
  const at = errors.filter((error) => depth(error) === deepest);
  const messages = new Map<string, Set<string>>();
  for (const error of at) {
    const path = error.instancePath.startsWith(root)
      ? error.instancePath.slice(root.length)
      : error.instancePath;
    const said = messages.get(path) ?? new Set();
    said.add(worded(error));
    messages.set(path, said);
  }
  return [...messages].map(([path, said]) => ({
    path,
    message: [...said].filter(Boolean).slice(0, 4).join(', or '),
  }));
}

function worded({ keyword, params, message }: SchemaError): string {
  if (keyword === 'anyOf' || keyword === 'oneOf') return '';
  if (keyword === 'additionalProperties') return `${String(params.additionalProperty)} is not known here`;
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
  return message;
}

function variantMistakes(flag: Flag): Mistake[] {
  const variants = flag.variants as Flag['variants'] | undefined;
  if (!variants || Object.keys(variants).length === 0)
    return [{ path: '/variants', message: 'must have at least one variant' }];
  const { defaultVariant } = flag;
  if (defaultVariant && !Object.hasOwn(variants, defaultVariant))
    return [{ path: '/defaultVariant', message: `${defaultVariant} is not one of the variants` }];
  return [];
}

function timeMistakes(flag: Flag): Mistake[] {
  const { metadata = {} } = flag;
  const mistakes = ['onAt', 'offAt', 'expires']
    .filter((name) => metadata[name] !== undefined && seconds(metadata[name]) === null)
    .map((name) => ({ path: `/metadata/${name}`, message: 'must be a time such as 2026-12-24T18:00:00Z' }));
  const scheduled = metadata.onAt !== undefined || metadata.offAt !== undefined || metadata.killed === true;
  if (scheduled && offVariant(flag) === null)
    mistakes.push({ path: '/metadata/offVariant', message: 'must name the variant that means off' });
  const [from, until] = [seconds(metadata.onAt), seconds(metadata.offAt)];
  if (from !== null && until !== null && until <= from)
    mistakes.push({ path: '/metadata/offAt', message: 'must be after onAt' });
  return mistakes;
}

/** A `$ref` to a rule that is not there would make the flag an error wherever it is evaluated. */
function referenceMistakes(targeting: unknown, evaluators: unknown): Mistake[] {
  const known = Object.keys((evaluators ?? {}) as object);
  return references(targeting, '/targeting')
    .filter(({ name }) => !known.includes(name))
    .map(({ path, name }) => ({ path, message: `there is no shared rule ${name}` }));
}

function references(rule: unknown, path: string): { path: string; name: string }[] {
  if (typeof rule !== 'object' || rule === null) return [];
  return Object.entries(rule).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string'
      ? [{ path, name: value }]
      : references(value, `${path}/${key}`),
  );
}
