import type { Flag } from '@coalmine/fleet/flags.js';
import { offVariant } from './definitions.js';

/**
 * What is given to the engine: the kill switch and the schedule, which flagd does not have, said in flagd's own
 * terms. So they hold in every app at the same second, also while nothing can be reached.
 */
export function effective(flag: Flag): Flag {
  const off = offVariant(flag);
  if (off === null) return flag;
  if (flag.metadata?.killed === true) {
    return { ...flag, targeting: {}, defaultVariant: off };
  }
  const [from, until] = [seconds(flag.metadata?.onAt), seconds(flag.metadata?.offAt)];
  if (from === null && until === null) return flag;
  const now = { var: '$flagd.timestamp' };
  const within: Record<string, (number | { var: string })[]>[] = [];
  if (from !== null) within.push({ '>=': [now, from] });
  if (until !== null) within.push({ '<': [now, until] });
  const targeting = flag.targeting ?? null;
  const inside = isEmpty(targeting) ? null : targeting;
  return { ...flag, targeting: { if: [{ and: within }, inside, off] } };
}

/** Whether a flag is past its expiry date; a flag without one never is. */
export function isStale(flag: Flag, now: Date): boolean {
  const expires = seconds(flag.metadata?.expires);
  return expires !== null && expires * 1000 <= now.getTime();
}

/** A time of the metadata in seconds since 1970; null when there is none, or it is none. */
export function seconds(time: unknown): number | null {
  if (typeof time !== 'string') return null;
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000);
}

function isEmpty(targeting: unknown): boolean {
  return typeof targeting === 'object' && targeting !== null && Object.keys(targeting).length === 0;
}
