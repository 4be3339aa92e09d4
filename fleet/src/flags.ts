import type { Redis } from 'ioredis';
import { z } from 'zod';
import { change, parseEntries } from './change.js';
import { keys } from './keys.js';

/** A flag in flagd's format. */
export const flagSchema = z.object({
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), z.json()),
  defaultVariant: z.string(),
  targeting: z.json().optional(),
  metadata: z.record(z.string(), z.json()).optional(),
});
export type Flag = z.infer<typeof flagSchema>;

export async function readFlags(redis: Redis): Promise<ReadonlyMap<string, Flag>> {
  return parseEntries(await redis.hgetall(keys.flags), flagSchema);
}

export async function writeFlag(redis: Redis, key: string, flag: Flag): Promise<void> {
  await change(redis, 'flags', (transaction) => {
    transaction.hset(keys.flags, key, JSON.stringify(flagSchema.parse(flag)));
  });
}
