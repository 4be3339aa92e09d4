import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { changedChannel, keys, type Topic } from './keys.js';

/** Someone else wrote a key that the caller had put under WATCH; nothing was changed. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/**
 * One MULTI: the write, the topic's next revision, and the notice; a reader never sees one without the others.
 * Returns the new revision. Throws a Conflict when a key that was put under WATCH has changed.
 */
export async function change(
  redis: Redis,
  topic: Topic,
  write: (transaction: ReturnType<Redis['multi']>) => void,
): Promise<number> {
  const transaction = redis.multi();
  write(transaction);
  transaction.incr(keys.revision(topic));
  transaction.publish(changedChannel, topic);
  const answers = await transaction.exec();
  if (answers === null) throw new Conflict(`${topic} were changed by someone else meanwhile`);
  for (const [error] of answers) if (error) throw error;
  return Number(answers.at(-2)?.[1]);
}

/** Reads a hash of JSON values; one that does not parse is left out rather than taking the rest with it. */
export function parseEntries<T>(
  entries: Record<string, string>,
  schema: z.ZodType<T>,
): ReadonlyMap<string, T> {
  const parsed = new Map<string, T>();
  for (const [name, text] of Object.entries(entries)) {
    const value = parseJson(text, schema);
    if (value) parsed.set(name, value);
  }
  return parsed;
}

/** Reads a JSON value, or null when there is none that the schema takes. */
export function parseJson<T>(text: string | null, schema: z.ZodType<T>): T | null {
  if (text === null) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
