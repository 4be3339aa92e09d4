import type { Sample } from '@coalmine/fleet/samples.js';
import type { Server } from './decide.js';

/** With fewer seconds than this a mean says nothing. */
export const fewestSeconds = 3;

/** Each droplet's mean CPU over the window, and its last third; null while there are too few figures in it. Pure. */
export function loadsOf(
  names: readonly string[],
  latest: ReadonlyMap<string, readonly Sample[]>,
  windowMs: number,
  now: number,
): Server[] {
  return names.map((name) => {
    const samples = (latest.get(name) ?? []).filter(({ service }) => service !== null);
    const since = (ago: number): number[] =>
      samples
        .filter(({ at }) => at > now - ago && at <= now + windowMs)
        .map(({ service }) => service?.cpu ?? 0);
    const values = since(windowMs);
    return {
      name,
      cpu: values.length < fewestSeconds ? null : mean(values),
      recent: mean(since(windowMs / 3)),
    };
  });
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
