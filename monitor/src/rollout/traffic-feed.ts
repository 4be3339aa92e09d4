import { readTraffic, type PoolTraffic, type TrafficSecond } from '@coalmine/fleet/traffic.js';
import type { Redis } from 'ioredis';

/** Up to which stream id each proxy's seconds were read. */
export type Cursors = Readonly<Record<string, string>>;

export interface Feed {
  cursors: Cursors;
  /** All proxies' traffic by second, oldest first. */
  seconds: TrafficSecond[];
}

/** How long a proxy may be silent before its figures count as missing; it speaks every second. */
const silenceMs = 5000;

/** What the proxies have told since the cursors; a proxy that is new is read from `from` on (ms since the epoch). */
export async function readFeed(
  redis: Redis,
  proxies: readonly string[],
  cursors: Cursors,
  from: number,
): Promise<Feed> {
  const read = await Promise.all(
    proxies.map(async (proxy) => {
      const after = cursors[proxy] ?? `${Math.max(0, from)}-0`;
      const entries = await readTraffic(redis, proxy, after);
      const last = entries.at(-1)?.id ?? cursors[proxy];
      return { proxy, last, seconds: entries.map(({ second }) => second) };
    }),
  );
  const bySecond = new Map<number, TrafficSecond>();
  for (const second of read.flatMap(({ seconds }) => seconds)) {
    const at = Math.floor(second.at / 1000) * 1000;
    const known = bySecond.get(at);
    bySecond.set(at, known ? sum(known, second) : { ...second, at });
  }
  return {
    cursors: Object.fromEntries(read.flatMap(({ proxy, last }) => (last ? [[proxy, last]] : []))),
    seconds: [...bySecond.values()].toSorted((a, b) => a.at - b.at),
  };
}

/** Why the figures are not complete at `now` (Redis's clock, ms), or null when they are. */
export function findBlindness(proxies: readonly string[], cursors: Cursors, now: number): string | null {
  if (proxies.length === 0) return 'no proxy is known, so that nothing can be judged';
  const silent = proxies.flatMap((proxy) => {
    const last = cursors[proxy];
    if (last === undefined) return [`${proxy} yet`];
    const ms = now - Number.parseInt(last, 10);
    return ms > silenceMs ? [`${proxy} for ${Math.round(ms / 1000)} s`] : [];
  });
  return silent.length > 0 ? `no figures from ${silent.join(', ')}` : null;
}

function sum(one: TrafficSecond, other: TrafficSecond): TrafficSecond {
  return { at: one.at, prod: added(one.prod, other.prod), canary: added(one.canary, other.canary) };
}

function added(one: PoolTraffic, other: PoolTraffic): PoolTraffic {
  return {
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    latency: one.latency.map((count, bucket) => count + (other.latency[bucket] ?? 0)),
  };
}

/** A second without the canary: what another release did there before teaches nothing about this one. */
export function withoutCanary(second: TrafficSecond): TrafficSecond {
  const { latency } = second.canary;
  return { ...second, canary: { requests: 0, failures: 0, latency: latency.map(() => 0) } };
}
