import type { AutoscaleMemory } from '@coalmine/fleet/autoscale.js';

const hourMs = 3_600_000;

/** Adds the time since the last decision to the day's droplet hours; a new day begins at nothing. UTC. */
export function spend(
  spent: AutoscaleMemory['spent'],
  droplets: number,
  from: number,
  to: number,
): AutoscaleMemory['spent'] {
  const day = new Date(to).toISOString().slice(0, 10);
  const begun = Math.max(from, Date.parse(day));
  const hours = (droplets * Math.max(0, to - begun)) / hourMs;
  return { day, hours: (spent.day === day ? spent.hours : 0) + hours };
}

/**
 * How many droplets the day's budget allows now: the minimum for the rest of the day is laid aside, and whatever is
 * started beyond it must be affordable for an hour. Infinity without a budget.
 */
export function affordable(
  { min, budgetHours }: { min: number; budgetHours: number | null },
  spentHours: number,
  current: number,
  now: number,
): number {
  if (budgetHours === null) return Infinity;
  const midnight = Date.parse(new Date(now).toISOString().slice(0, 10)) + 24 * hourMs;
  const left = (midnight - now) / hourMs;
  const free = budgetHours - spentHours - min * left;
  if (free <= 0) return min;
  // What runs already may run until nothing is left.
  return Math.max(min + Math.floor(free / Math.min(1, left)), current);
}
