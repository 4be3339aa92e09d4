import type { Flag } from '@coalmine/fleet/flags.js';

/** The flag that `/feature` toggles, and that the app's tokens stand behind. */
export const defaultFlag = 'tokens';

/** What the default flag is before anyone has set it: on. */
export const defaultDefinition: Flag = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'on',
};

/** The environments in which a flag may differ; what is set for none of them holds in all. */
export const environments = ['prod', 'canary'] as const;
export type Environment = (typeof environments)[number];

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Whether a flag may be called so: what can stand in a URL, a Redis field and a search of the code as it is. */
export function isFlagKey(key: string): boolean {
  return keyPattern.test(key);
}

/** The field of a flag, or of what it is in one environment only. */
export function fieldOf(key: string, environment?: Environment): string {
  return environment ? `${key}@${environment}` : key;
}

/** The value without any targeting; null when the flag is unknown, disabled, killed or not boolean. */
export function booleanValue(flag: Flag | undefined): boolean | null {
  if (flag?.state !== 'ENABLED') return null;
  const value = flag.variants[flag.defaultVariant ?? ''];
  return typeof value === 'boolean' ? value : null;
}

/** The same flag with the other boolean value, and no longer killed; null when it has no such variant. */
export function toggled(flag: Flag): Flag | null {
  const current = flag.metadata?.killed === true ? false : booleanValue(flag);
  const other = Object.entries(flag.variants).find(
    ([, value]) => typeof value === 'boolean' && value !== current,
  );
  return other ? { ...withoutKill(flag), state: 'ENABLED', defaultVariant: other[0] } : null;
}

/** What the history says of a toggle. */
export function toggledTo(flag: Flag | null): string {
  return `flag ${flag?.defaultVariant ?? 'gone'}`;
}

/** The variant that means off: the one that `metadata.offVariant` names, or else the one that is false. */
export function offVariant(flag: Flag): string | null {
  const named = flag.metadata?.offVariant;
  if (typeof named === 'string') return Object.hasOwn(flag.variants, named) ? named : null;
  return Object.entries(flag.variants).find(([, value]) => value === false)?.[0] ?? null;
}

/** Off for everybody at once, whatever the targeting says; the targeting is kept for later. */
export function killed(flag: Flag): Flag | null {
  if (offVariant(flag) === null) return null;
  return { ...flag, state: 'ENABLED', metadata: { ...flag.metadata, killed: true } };
}

/** The same flag as it was before it was killed. */
export function withoutKill(flag: Flag): Flag {
  const metadata = { ...flag.metadata };
  delete metadata.killed;
  const { state, variants, defaultVariant, targeting } = flag;
  return {
    state,
    variants,
    ...(defaultVariant === undefined ? {} : { defaultVariant }),
    ...(targeting === undefined ? {} : { targeting }),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
}

/**
 * Gives a share of the users the variant, by flagd's `fractional`: sticky by targetingKey, and who has it keeps it
 * as the share grows, because the variant's bucket grows from the lower end. `percent` in steps of 0.01.
 */
export function rolledOut(flag: Flag, percent: number, variant?: string): Flag | null {
  const on = variant ?? Object.entries(flag.variants).find(([, value]) => value === true)?.[0];
  const off = offVariant(flag);
  if (on === undefined || off === null || on === off || !Object.hasOwn(flag.variants, on)) return null;
  const weight = Math.round(percent * 100);
  const buckets = [
    [on, weight],
    [off, 10_000 - weight],
  ];
  return { ...withoutKill(flag), state: 'ENABLED', targeting: { fractional: buckets } };
}
