import type { Redis } from 'ioredis';
import { z } from 'zod';
import { keys } from './keys.js';

export interface FleetEvent {
  /** Who: a part (`proxy`), a user (`ann@laptop`). */
  who: string;
  what: string;
  /** To what: a droplet, a release, a flag. */
  subject: string;
  why?: string;
  /** The canary's share of the traffic from then on, in 1/100 %. */
  weight?: number;
}

/** Appends to the audit log, which keeps about the last 10,000 entries. */
export async function recordEvent(redis: Redis, event: FleetEvent): Promise<void> {
  await redis.xadd(keys.events, 'MAXLEN', '~', 10_000, '*', ...fieldsOf(event));
}

/** The same within a transaction, so that an event and what it tells of are written together or not at all. */
export function addEvent(transaction: ReturnType<Redis['multi']>, event: FleetEvent): void {
  transaction.xadd(keys.events, 'MAXLEN', '~', 10_000, '*', ...fieldsOf(event));
}

const loggedSchema = z.object({
  who: z.string(),
  what: z.string(),
  subject: z.string(),
  why: z.string().optional(),
  weight: z.coerce.number().optional(),
  /** ISO 8601. */
  at: z.string(),
});
/** An entry of the audit log, with its place in it. */
export type LoggedEvent = z.infer<typeof loggedSchema> & { id: string };

/** The log's last entries, oldest first. */
export async function readLatestEvents(redis: Redis, atMost: number): Promise<LoggedEvent[]> {
  return (await redis.xrevrange(keys.events, '+', '-', 'COUNT', atMost)).toReversed().flatMap(parseEvent);
}

/** The entries after a stream id, oldest first. */
export async function readEventsAfter(redis: Redis, id: string, atMost = 500): Promise<LoggedEvent[]> {
  return (await redis.xrange(keys.events, `(${id}`, '+', 'COUNT', atMost)).flatMap(parseEvent);
}

function parseEvent([id, list]: [string, string[]]): LoggedEvent[] {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) fields[list[index] ?? ''] = list[index + 1] ?? '';
  const event = loggedSchema.safeParse(fields);
  return event.success ? [{ id, ...event.data }] : [];
}

function fieldsOf(event: FleetEvent): string[] {
  return Object.entries({ ...event, at: new Date().toISOString() }).flatMap(([name, value]) => [
    name,
    String(value),
  ]);
}
