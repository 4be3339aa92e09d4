import type { Redis } from 'ioredis';
import { z } from 'zod';
import { change, parseEntries } from './change.js';
import { keys, pools } from './keys.js';

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
