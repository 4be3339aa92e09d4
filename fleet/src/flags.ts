import type { Redis } from 'ioredis';
import { z } from 'zod';
import { change, parseEntries } from './change.js';
import { keys } from './keys.js';

/** A flag in flagd's format. */
export const flagSchema = z.object({
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), z.json()),
  /** Null or absent: the caller's own default. */
  defaultVariant: z.string().nullish(),
  targeting: z.json().optional(),
  metadata: z.record(z.string(), z.json()).optional(),
});
export type Flag = z.infer<typeof flagSchema>;

/**
 * The hash of flags as it stands in Redis: `key` → definition, `key@canary` → what holds on the canary instead,
 * `$evaluators` → the rules that definitions share by `$ref`.
 */
export type FlagFields = ReadonlyMap<string, string>;

/** The field of the rules that definitions share. */
export const evaluatorsField = '$evaluators';

export async function readFlagFields(redis: Redis): Promise<FlagFields> {
  return new Map(Object.entries(await redis.hgetall(keys.flags)));
}

export async function readFlags(redis: Redis): Promise<ReadonlyMap<string, Flag>> {
  return parseEntries(await redis.hgetall(keys.flags), flagSchema);
}

export async function writeFlag(redis: Redis, key: string, flag: Flag): Promise<void> {
  await change(redis, 'flags', (transaction) => {
    transaction.hset(keys.flags, key, JSON.stringify(flagSchema.parse(flag)));
  });
}
