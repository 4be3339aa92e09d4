import type { AutoscaleMemory, AutoscaleRules } from '@coalmine/fleet/autoscale.js';
import { affordable, spend } from './budget.js';

/** A droplet of production in rotation. */
export interface Server {
  name: string;
  /** Its mean CPU over the window, %; null without figures. */
  cpu: number | null;
  /** The same over the window's last third: a load that just began shows there in full. */
  recent: number | null;
}

export interface Decision {
  /** Droplets in rotation, and how many there are to be; the same: nothing to do. */
  current: number;
  wanted: number;
  /** Of those whose figures count, %; null: of none. */
  mean: number | null;
  reason: string;
  memory: AutoscaleMemory;
}

const gapMs = 30_000;
const longestPauseMs = 30 * 60_000;

/**
 * How many droplets production is to have. Pure: the same figures and the same memory give the same decision.
 *
 * Target tracking: `wanted = ceil(current × mean / target)`, nothing within a tolerance, the largest recommendation of
 * a window before it shrinks: the rule of the Kubernetes HPA
 * (https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details). Beyond that:
 * what stays must be under the target by the tolerance, too (as AWS target tracking does, so that it does not swing);
 * one droplet goes at a time; droplets that warm up are capacity, but their figures do not count (AWS: default instance
 * warm-up); while any figures are missing none goes; a budget ends growth; and once the window says that it must grow,
 * its last third says by how much (as Knative's panic window does), or a step would be taken for half of itself.
 */
export function decide(
  servers: readonly Server[],
  rules: AutoscaleRules,
  before: AutoscaleMemory | null,
  now: number,
): Decision {
  const current = servers.length;
  const memory = remember(servers, rules, before, now);
  const isWarm = ({ name }: Server): boolean => now - (memory.joined[name] ?? now) >= rules.warmUpMs;
  const warm = servers.filter(isWarm);
  const loads = warm.flatMap(({ cpu }) => (cpu === null ? [] : [cpu]));
  const sum = loads.reduce((total, cpu) => total + cpu, 0);
  const recent = warm.reduce((total, one) => total + (one.recent ?? one.cpu ?? 0), 0);
  const mean = loads.length > 0 ? sum / loads.length : null;
  const enough = enoughFor({ sum, recent, counted: loads.length }, current, rules);
  memory.enough = withRecommendation(memory.enough, enough, now, rules.stabilisationMs);
  const decided = (wanted: number, reason: string): Decision => ({ current, wanted, mean, reason, memory });
  const stay = (reason: string): Decision => decided(current, reason);

  const pauseMs = pauseAfter(memory.failures, rules.cooldownMs);
  if (memory.failedAt !== null && memory.failures > 0 && now - memory.failedAt < pauseMs)
    return stay(
      `the last ${memory.failures} failed; the next try is in ${seconds(memory.failedAt + pauseMs - now)}`,
    );
  if (current === 0) return stay('no droplet of production is in rotation');
  if (current < rules.min) return decided(rules.min, `fewer than the minimum of ${rules.min}`);
  if (current > rules.max) return shrink(`more than the maximum of ${rules.max}`);

  const most = Math.max(rules.min, Math.min(rules.max, affordable(rules, memory.spent.hours, current, now)));
  if (most < current) return shrink(`the day's budget of ${rules.budgetHours} droplet hours is used up`);
  const load =
    mean === null ? 'no figures' : `the mean CPU is ${mean.toFixed(1)} %, the target ${rules.target} %`;
  if (mean === null) return stay(load);
  if (enough > current) {
    const wanted = Math.min(enough, most);
    if (wanted > current) return decided(wanted, `${load}: ${enough} droplets are needed`);
    const limit = most === rules.max ? `the maximum of ${rules.max}` : 'the budget';
    return stay(`${load}: ${enough} droplets are needed, but ${limit} is reached`);
  }
  if (loads.length < current) return stay(`${load}; ${current - loads.length} more warm up or say nothing`);
  const largest = Math.max(rules.min, ...memory.enough.map(({ size }) => size));
  if (largest >= current) return stay(load);
  const watchedMs = now - memory.watchedSince;
  if (watchedMs < rules.stabilisationMs)
    return stay(
      `${load}: ${largest} would be enough; watching for ${seconds(rules.stabilisationMs - watchedMs)} more`,
    );
  return shrink(
    `${load}: ${largest} ${largest === 1 ? 'was' : 'were'} enough for ${seconds(rules.stabilisationMs)}`,
  );

  function shrink(reason: string): Decision {
    const restMs = memory.shrankAt === null ? 0 : memory.shrankAt + rules.cooldownMs - now;
    if (restMs > 0) return stay(`${reason}; the next one goes in ${seconds(restMs)}`);
    return decided(current - 1, reason);
  }
}

/** What would be enough for this load: more at once when it is over the tolerance, fewer only with room to spare. */
function enoughFor(
  { sum, recent, counted }: { sum: number; recent: number; counted: number },
  current: number,
  { target, tolerance }: AutoscaleRules,
): number {
  if (counted === 0) return current;
  const ratio = sum / counted / target;
  if (ratio > 1 + tolerance / 100) return Math.max(current, Math.ceil(Math.max(sum, recent) / target));
  if (counted < current) return current;
  return Math.min(current, Math.max(1, Math.ceil(sum / (target * (1 - tolerance / 100)))));
}

/** The largest recommendation of the window stays in front; what a later, larger one covers is dropped. */
function withRecommendation(
  enough: AutoscaleMemory['enough'],
  size: number,
  at: number,
  windowMs: number,
): AutoscaleMemory['enough'] {
  return [...enough.filter((one) => at - one.at <= windowMs && one.size > size), { at, size }];
}

function remember(
  servers: readonly Server[],
  { budgetHours }: AutoscaleRules,
  before: AutoscaleMemory | null,
  now: number,
): AutoscaleMemory {
  const fresh = before === null || now - before.at > gapMs;
  const joined = servers.map(({ name }) => [name, before ? (before.joined[name] ?? now) : 0] as const);
  const spent = before?.spent ?? { day: '', hours: 0 };
  return {
    at: now,
    watchedSince: fresh ? now : before.watchedSince,
    enough: fresh ? [] : before.enough,
    joined: Object.fromEntries(joined),
    shrankAt: before?.shrankAt ?? null,
    failures: before?.failures ?? 0,
    failedAt: before?.failedAt ?? null,
    spent: budgetHours === null ? spent : spend(spent, servers.length, before?.at ?? now, now),
  };
}

/** Twice as long after each failure, so that what cannot work is not tried for ever. */
function pauseAfter(failures: number, cooldownMs: number): number {
  return failures === 0 ? 0 : Math.min(Math.max(cooldownMs, 10_000) * 2 ** (failures - 1), longestPauseMs);
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}
