import { parseJson } from '@coalmine/fleet/change.js';
import { evaluatorsField, flagSchema, readFlagFields, type FlagFields } from '@coalmine/fleet/flags.js';
import { keys } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';
import { z } from 'zod';

/** A flag on the page: what everybody gets, what the canary gets instead, and who changed it last. */
export interface FlagView {
  key: string;
  enabled: boolean;
  /** The default variant's value, as JSON; null when the caller's own default holds. */
  value: string | null;
  /** Whether rules choose among variants. */
  targeted: boolean;
  canary: { enabled: boolean; value: string | null; targeted: boolean } | null;
  changed: { at: string; who: string; what: string; why?: string | undefined } | null;
}

const changeSchema = z.object({
  at: z.string(),
  who: z.string(),
  what: z.string(),
  why: z.string().optional(),
});

/** All flags with their last change, by key. */
export async function readFlagViews(redis: Redis): Promise<FlagView[]> {
  const fields = await readFlagFields(redis);
  const names = [...fields.keys()].filter((field) => field !== evaluatorsField);
  const pipeline = redis.pipeline();
  for (const name of names) pipeline.xrevrange(keys.flagHistory(name), '+', '-', 'COUNT', 1);
  const answers = (await pipeline.exec()) ?? [];
  const changes = new Map<string, FlagView['changed']>();
  for (const [index, name] of names.entries()) {
    const [entry] = (answers[index]?.[1] ?? []) as [string, string[]][];
    changes.set(name, entry ? lastChange(entry[1]) : null);
  }
  return flagViews(fields, changes);
}

/** The same from what was read; what is no flag in flagd's format is left out. */
export function flagViews(fields: FlagFields, changes: ReadonlyMap<string, FlagView['changed']>): FlagView[] {
  return [...fields.keys()]
    .filter((field) => field !== evaluatorsField && !field.endsWith('@canary'))
    .sort()
    .flatMap((key) => {
      const own = stateOf(fields.get(key));
      if (!own) return [];
      const onCanary = `${key}@canary`;
      const last = [changes.get(key), changes.get(onCanary)]
        .filter((change) => change !== null && change !== undefined)
        .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
      return [{ key, ...own, canary: stateOf(fields.get(onCanary)), changed: last[0] ?? null }];
    });
}

function stateOf(text: string | undefined): FlagView['canary'] {
  const flag = parseJson(text ?? null, flagSchema);
  if (!flag) return null;
  const value = flag.variants[flag.defaultVariant ?? ''];
  const rules = flag.targeting;
  return {
    enabled: flag.state === 'ENABLED',
    value: value === undefined ? null : JSON.stringify(value),
    targeted: typeof rules === 'object' && rules !== null && Object.keys(rules).length > 0,
  };
}

function lastChange(list: readonly string[]): FlagView['changed'] {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < list.length; index += 2) fields[list[index] ?? ''] = list[index + 1] ?? '';
  return changeSchema.safeParse(fields).data ?? null;
}
