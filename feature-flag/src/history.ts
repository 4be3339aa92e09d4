import { keys } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { differences, type Difference } from './differences.js';

const entrySchema = z.object({
  at: z.string(),
  who: z.string(),
  what: z.string(),
  why: z.string().optional(),
  /** The definition before and after, as JSON; empty where there was none. */
  from: z.string(),
  to: z.string(),
});

/** One change of one flag. */
export interface HistoryEntry extends Omit<z.infer<typeof entrySchema>, 'from' | 'to'> {
  id: string;
  from: unknown;
  to: unknown;
  changes: Difference[];
}

/** What happened to a field, the newest first. */
export async function readHistory(redis: Redis, field: string, count = 100): Promise<HistoryEntry[]> {
  const entries = await redis.xrevrange(keys.flagHistory(field), '+', '-', 'COUNT', count);
  return entries.flatMap(parseEntry);
}

/** One entry of the history; null when there is none with this id. */
export async function readHistoryEntry(
  redis: Redis,
  field: string,
  id: string,
): Promise<HistoryEntry | null> {
  if (!/^\d+-\d+$/.test(id)) return null;
  const entries = await redis.xrange(keys.flagHistory(field), id, id);
  return entries.flatMap(parseEntry)[0] ?? null;
}

function parseEntry([id, list]: [string, string[]]): HistoryEntry[] {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) fields[list[index] ?? ''] = list[index + 1] ?? '';
  const entry = entrySchema.safeParse(fields);
  if (!entry.success) return [];
  const { from, to, ...rest } = entry.data;
  const [before, after] = [parsed(from), parsed(to)];
  return [{ id, ...rest, from: before, to: after, changes: differences(before, after) }];
}

function parsed(text: string): unknown {
  return text === '' ? null : JSON.parse(text);
}
