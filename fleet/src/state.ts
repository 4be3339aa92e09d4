import type { Redis } from 'ioredis';
import { z } from 'zod';

/** The kinds of droplet. */
export const pools = ['prod', 'canary', 'proxy', 'redis'] as const;
export type Pool = (typeof pools)[number];

/** Everything that Coalmine keeps in Redis, by name. Nothing else spells these keys. */
export const keys = {
  fleet: 'coalmine:fleet',
  rollout: 'coalmine:rollout',
  flags: 'coalmine:flags',
  events: 'coalmine:events',
  alert: (pool: Pool) => `coalmine:alert:${pool}`,
  samples: (host: string) => `coalmine:samples:${host}`,
  traffic: (proxy: string) => `coalmine:traffic:${proxy}`,
  revision: (topic: Topic) => `coalmine:revision:${topic}`,
} as const;

/** The channel on which every change is announced as `topic revision`. */
export const changedChannel = 'coalmine:changed';

/** What can change; each topic has its own revision counter. */
export type Topic = 'fleet' | 'rollout' | 'alerts' | 'flags';

/** `draining`: no new requests, those in flight end; `out`: known, but not in rotation. */
export const memberSchema = z.object({
  pool: z.enum(pools),
  address: z.string(),
  port: z.int().min(1).max(65_535),
  state: z.enum(['starting', 'in', 'draining', 'out']),
  release: z.string().nullable(),
});
export type Member = z.infer<typeof memberSchema>;

/** Droplet name → member. */
export type Fleet = ReadonlyMap<string, Member>;

export const rolloutSchema = z.object({
  state: z.enum(['idle', 'running', 'paused', 'aborted', 'promoted']),
  /** Share of the traffic for the canary, in 1/100 %: 0 to 10000. */
  weight: z.int().min(0).max(10_000),
  release: z.string().nullable(),
  /** ISO 8601. */
  since: z.string(),
});
export type Rollout = z.infer<typeof rolloutSchema>;

export const alertSchema = z.object({
  reason: z.string(),
  host: z.string(),
  metric: z.enum(['cpu', 'memory']),
  /** % of what the droplet has. */
  value: z.number(),
  threshold: z.number(),
  since: z.string(),
});
export type Alert = z.infer<typeof alertSchema>;

/** A flag in flagd's format. */
export const flagSchema = z.object({
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), z.json()),
  defaultVariant: z.string(),
  targeting: z.json().optional(),
  metadata: z.record(z.string(), z.json()).optional(),
});
export type Flag = z.infer<typeof flagSchema>;

export interface FleetEvent {
  /** Who: a part (`proxy`), a user (`ann@laptop`). */
  who: string;
  what: string;
  /** To what: a droplet, a release, a flag. */
  subject: string;
  why?: string;
}

/** Reads all members; one that does not parse is left out rather than taking the rest with it. */
export async function readFleet(redis: Redis): Promise<Fleet> {
  return parseEntries(await redis.hgetall(keys.fleet), memberSchema);
}

/** Writes members (a null removes one) and announces the change. */
export async function writeFleet(
  redis: Redis,
  members: Readonly<Record<string, Member | null>>,
): Promise<void> {
  await change(redis, 'fleet', (transaction) => {
    for (const [name, member] of Object.entries(members)) {
      if (member) transaction.hset(keys.fleet, name, JSON.stringify(memberSchema.parse(member)));
      else transaction.hdel(keys.fleet, name);
    }
  });
}

/** Reads the rollout, or null when there was none yet. */
export async function readRollout(redis: Redis): Promise<Rollout | null> {
  return parseJson(await redis.get(keys.rollout), rolloutSchema);
}

export async function writeRollout(redis: Redis, rollout: Rollout): Promise<void> {
  await change(redis, 'rollout', (transaction) => {
    transaction.set(keys.rollout, JSON.stringify(rolloutSchema.parse(rollout)));
  });
}

/** The firing alert of a pool, or null. */
export async function readAlert(redis: Redis, pool: Pool): Promise<Alert | null> {
  return parseJson(await redis.get(keys.alert(pool)), alertSchema);
}

/** Raises a pool's alert, or with null clears it. */
export async function writeAlert(redis: Redis, pool: Pool, alert: Alert | null): Promise<void> {
  await change(redis, 'alerts', (transaction) => {
    if (alert) transaction.set(keys.alert(pool), JSON.stringify(alertSchema.parse(alert)));
    else transaction.del(keys.alert(pool));
  });
}

export async function readFlags(redis: Redis): Promise<ReadonlyMap<string, Flag>> {
  return parseEntries(await redis.hgetall(keys.flags), flagSchema);
}

export async function writeFlag(redis: Redis, key: string, flag: Flag): Promise<void> {
  await change(redis, 'flags', (transaction) => {
    transaction.hset(keys.flags, key, JSON.stringify(flagSchema.parse(flag)));
  });
}

/** Appends to the audit log, which keeps about the last 10,000 entries. */
export async function recordEvent(redis: Redis, event: FleetEvent): Promise<void> {
  const fields = { ...event, at: new Date().toISOString() };
  await redis.xadd(keys.events, 'MAXLEN', '~', 10_000, '*', ...Object.entries(fields).flat());
}

/** Someone else wrote a key that the caller had put under WATCH; nothing was changed. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** One MULTI: the write, the topic's next revision, and the notice; a reader never sees one without the others. */
async function change(
  redis: Redis,
  topic: Topic,
  write: (transaction: ReturnType<Redis['multi']>) => void,
): Promise<void> {
  const transaction = redis.multi();
  write(transaction);
  transaction.incr(keys.revision(topic));
  transaction.publish(changedChannel, topic);
  const answers = await transaction.exec();
  if (answers === null) throw new Conflict(`${topic} were changed by someone else meanwhile`);
  for (const [error] of answers) if (error) throw error;
}

function parseEntries<T>(entries: Record<string, string>, schema: z.ZodType<T>): ReadonlyMap<string, T> {
  const parsed = new Map<string, T>();
  for (const [name, text] of Object.entries(entries)) {
    const value = parseJson(text, schema);
    if (value) parsed.set(name, value);
  }
  return parsed;
}

function parseJson<T>(text: string | null, schema: z.ZodType<T>): T | null {
  if (text === null) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
