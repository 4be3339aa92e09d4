import { recordEvent } from '@coalmine/fleet/events.js';
import { flagSchema, writeFlag, type Flag } from '@coalmine/fleet/flags.js';
import { keys } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';
import { defaultDefinition, defaultFlag, toggled } from './definitions.js';

/** The definition of a flag; the default flag is there even before anyone wrote it. */
export async function readFlag(redis: Redis, key: string): Promise<Flag | null> {
  const text = await redis.hget(keys.flags, key);
  if (text === null) return key === defaultFlag ? defaultDefinition : null;
  return flagSchema.parse(JSON.parse(text));
}

/** One toggle after the other, so that two at once are two toggles. */
let lastToggle: Promise<unknown> = Promise.resolve();

/** Turns a boolean flag over. Returns its new definition. Throws when Redis is away or the flag is not boolean. */
export function toggleFlag(redis: Redis, key: string, who: string): Promise<Flag> {
  const toggle = lastToggle.then(async () => {
    const before = await readFlag(redis, key);
    const after = before && toggled(before);
    if (!after) throw new Error(`${key} has no boolean variants to toggle`);
    await writeFlag(redis, key, after);
    await recordEvent(redis, { who, what: `flag ${after.defaultVariant}`, subject: key });
    return after;
  });
  lastToggle = toggle.catch(() => undefined);
  return toggle;
}
