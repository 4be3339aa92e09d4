import { createHash } from 'node:crypto';
import { evaluatorsField, flagSchema, type Flag } from '@coalmine/fleet/flags.js';
import { defaultDefinition, defaultFlag, environments, fieldOf, type Environment } from './definitions.js';
import type { Author, FlagStore } from './store.js';
import { checkEvaluators, checkFlag } from './validate.js';

/** The change was made for another state of the flag than the one it has. `status` as HTTP has it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly status: 404 | 409 | 412 | 428,
    message: string,
  ) {
    super(message);
  }
}

/** What a writer takes the flag to be: an entity tag, nothing yet (`absent`), or whatever it is (`any`). */
export type Expected = { etag: string } | 'absent' | 'any';

/** Which flag, and in which environment only. */
export interface Place {
  key: string;
  environment?: Environment;
}

/** The entity tag of a definition: the same text, the same tag. */
export function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 20)}"`;
}

/** The text under which a definition is kept, and from which its entity tag comes. */
export function textOf(flag: Flag): string {
  return JSON.stringify(flag);
}

/**
 * Changes one flag: `edit` says what becomes of it, null to delete it. Returns the new definition.
 * Throws Refused when it is not what the writer expected, InvalidFlag when flagd's schema does not take the result.
 */
export async function editFlag(
  store: FlagStore,
  what: string | ((after: Flag | null) => string),
  author: Author,
  place: Place,
  expected: Expected,
  edit: (before: Flag | null) => unknown,
): Promise<Flag | null> {
  const { key, environment } = place;
  const own = fieldOf(key, environment);
  let result: Flag | null = null;
  const named = typeof what === 'string' ? what : (): string => what(result);
  await store.change(named, author, [own, key], (texts) => {
    // What is not set for an environment is there what it is for all; the default flag is there from the start.
    const inherited = texts.get(key) ?? (key === defaultFlag ? textOf(defaultDefinition) : undefined);
    const text = texts.get(own) ?? inherited;
    meet(expected, text, key);
    const before = text === undefined ? null : flagSchema.parse(JSON.parse(text));
    const after = edit(before);
    if (after === null) {
      result = null;
      if (!texts.has(own)) throw new Refused(404, `${own} is not set`);
      return new Map([[own, null]]);
    }
    result = checkFlag(after, JSON.parse(texts.get(evaluatorsField) ?? '{}'));
    return new Map([[own, textOf(result)]]);
  });
  return result;
}

function meet(expected: Expected, text: string | undefined, key: string): void {
  if (expected === 'any') return;
  if (expected === 'absent') {
    if (text !== undefined) throw new Refused(412, `there is a flag ${key} already`);
    return;
  }
  if (text === undefined) throw new Refused(412, `there is no flag ${key}, or no longer`);
  if (expected.etag !== '*' && !expected.etag.split(/,\s*/).includes(etagOf(text)))
    throw new Refused(412, `${key} was changed by someone else meanwhile`);
}

/** Changes the rules that flags share, if all flags that use them are still good with the new ones. */
export async function putEvaluators(
  store: FlagStore,
  author: Author,
  evaluators: unknown,
  flags: ReadonlyMap<string, string>,
): Promise<void> {
  const checked = checkEvaluators(evaluators);
  const users = [...flags].filter(([field, text]) => field !== evaluatorsField && text.includes('"$ref"'));
  await store.change(
    'evaluators set',
    author,
    users.map(([field]) => field),
    (texts) => {
      for (const [field, text] of texts) if (field !== evaluatorsField) checkFlag(JSON.parse(text), checked);
      return new Map([[evaluatorsField, JSON.stringify(checked)]]);
    },
  );
}

/** The environments in which a flag is something of its own. */
export function ownEnvironments(fields: ReadonlyMap<string, string>, key: string): Environment[] {
  return environments.filter((environment) => fields.has(fieldOf(key, environment)));
}
