import type { Flag } from '@coalmine/fleet/flags.js';

/** The flag that `/feature` toggles, and that the app's tokens stand behind. */
export const defaultFlag = 'tokens';

/** What the default flag is before anyone has set it: on. */
export const defaultDefinition: Flag = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'on',
};

/** The value of a boolean flag; null when it is unknown, disabled or not boolean, and the caller's default holds. */
export function booleanValue(flag: Flag | undefined): boolean | null {
  if (flag?.state !== 'ENABLED') return null;
  const value = flag.variants[flag.defaultVariant];
  return typeof value === 'boolean' ? value : null;
}

/** The same flag with the other boolean value; null when it has no such variant. */
export function toggled(flag: Flag): Flag | null {
  const current = booleanValue(flag);
  const other = Object.entries(flag.variants).find(
    ([, value]) => typeof value === 'boolean' && value !== current,
  );
  return other ? { ...flag, state: 'ENABLED', defaultVariant: other[0] } : null;
}
