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
  const fields = { ...event, at: new Date().toISOString() };
  await redis.xadd(keys.events, 'MAXLEN', '~', 10_000, '*', ...Object.entries(fields).flat());
}
