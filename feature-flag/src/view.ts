import { flagSchema, type Flag, type FlagFields } from '@coalmine/fleet/flags.js';
import { parseJson } from '@coalmine/fleet/change.js';
import { defaultDefinition, defaultFlag, fieldOf, offVariant, type Environment } from './definitions.js';
import { isStale } from './effective.js';
import { etagOf, ownEnvironments, textOf } from './flags.js';

/** A flag as the service shows it: flagd's definition, and what there is to say about it. */
export interface FlagView extends Flag {
  flag: string;
  /** What everybody gets whom no targeting concerns; null when the caller's default holds. */
  value: unknown;
  etag: string;
  /** The environments in which it is something of its own. */
  environments: Environment[];
  /** Past its expiry date: nobody should need it any more. */
  stale: boolean;
}

/** One flag, as it is in an environment or for all; null when there is none. */
export function viewFlag(fields: FlagFields, key: string, environment?: Environment): FlagView | null {
  const text =
    fields.get(fieldOf(key, environment)) ??
    fields.get(key) ??
    (key === defaultFlag ? textOf(defaultDefinition) : null);
  const definition = parseJson(text, flagSchema);
  if (text === null || !definition) return null;
  return {
    flag: key,
    value: valueOf(definition),
    etag: etagOf(text),
    environments: ownEnvironments(fields, key),
    stale: isStale(definition, new Date()),
    ...definition,
  };
}

function valueOf(flag: Flag): unknown {
  if (flag.state === 'DISABLED') return null;
  if (flag.metadata?.killed === true) return flag.variants[offVariant(flag) ?? ''] ?? null;
  return flag.variants[flag.defaultVariant ?? ''] ?? null;
}
