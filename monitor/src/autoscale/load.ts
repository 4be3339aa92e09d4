import type { Sample } from '@coalmine/fleet/samples.js';
import type { Server } from './decide.js';

/** With fewer seconds than this a mean says nothing. */
export const fewestSeconds = 3;

/** Each droplet's mean CPU over the window before its newest sample; null when that is old, or there are too few. Pure. */
export function loadsOf(
  names: readonly string[],
  latest: ReadonlyMap<string, readonly Sample[]>,
  windowMs: number,
  now: number,
): Server[] {
  return names.map((name) => {
    const values = (latest.get(name) ?? [])
      .filter(({ at }) => at > now - windowMs && at <= now + windowMs)
      .flatMap(({ service }) => (service ? [service.cpu] : []));
    const cpu =
      values.length < fewestSeconds ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    return { name, cpu };
  });
}
