import type { Redis } from 'ioredis';
import { keys } from './keys.js';

export interface FleetEvent {
  /** Who: a part (`proxy`), a user (`ann@laptop`). */
  who: string;
  what: string;
  /** To what: a droplet, a release, a flag. */
  subject: string;
  why?: string;
}

/** Appends to the audit log, which keeps about the last 10,000 entries. */
export async function recordEvent(redis: Redis, event: FleetEvent): Promise<void> {
  await redis.xadd(keys.events, 'MAXLEN', '~', 10_000, '*', ...fieldsOf(event));
}

/** The same within a transaction, so that an event and what it tells of are written together or not at all. */
export function addEvent(transaction: ReturnType<Redis['multi']>, event: FleetEvent): void {
  transaction.xadd(keys.events, 'MAXLEN', '~', 10_000, '*', ...fieldsOf(event));
}

function fieldsOf(event: FleetEvent): string[] {
  return Object.entries({ ...event, at: new Date().toISOString() }).flat();
}
