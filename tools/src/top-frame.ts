import { readAlertBook, type AlertRecord } from '@coalmine/fleet/alert-records.js';
import { readAutoscale, type AutoscaleRecord } from '@coalmine/fleet/autoscale.js';
import { readFleet, type Member } from '@coalmine/fleet/members.js';
import { readRollout, type Rollout } from '@coalmine/fleet/rollout.js';
import { readLatestSamples, type Sample } from '@coalmine/fleet/samples.js';
import {
  latencyBoundsMs,
  readTraffic,
  type PoolTraffic,
  type TrafficSecond,
} from '@coalmine/fleet/traffic.js';
import { readLeader } from '@coalmine/fleet/verdict.js';
import type { Redis } from 'ioredis';

const windowSeconds = 10;

export interface PoolFigures {
  requestsPerSecond: number;
  /** Share of the requests, %; null without requests. */
  failedPercent: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
}

export interface DropletFigures extends Pick<Member, 'pool' | 'state' | 'release'> {
  name: string;
  /** % of what the droplet has; null while it says nothing. */
  cpu: number | null;
  memory: number | null;
  disk: number | null;
  eventLoopLagMs: number | null;
}

/** What `coalmine top` shows at one moment. */
export interface Frame {
  at: string;
  leader: string | null;
  traffic: Record<'prod' | 'canary', PoolFigures>;
  rollout: Rollout | null;
  autoscale: Omit<AutoscaleRecord, 'memory'> | null;
  droplets: DropletFigures[];
  alerts: AlertRecord[];
}

/** Reads a frame from Redis; traffic is that of the last ten seconds. */
export async function readFrame(redis: Redis): Promise<Frame> {
  const [fleet, rollout, autoscale, leader, book, [seconds]] = await Promise.all([
    readFleet(redis),
    readRollout(redis),
    readAutoscale(redis),
    readLeader(redis),
    readAlertBook(redis),
    redis.time(),
  ]);
  const now = Number(seconds) * 1000;
  const names = [...fleet.keys()].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const latest = await readLatestSamples(redis, names);
  const proxies = [...fleet].filter(([, { pool }]) => pool === 'proxy').map(([name]) => name);
  const after = `${now - windowSeconds * 1000}-0`;
  const traffic = (await Promise.all(proxies.map((name) => readTraffic(redis, name, after)))).flat();
  return {
    at: new Date(now).toISOString(),
    leader: leader?.holder ?? null,
    traffic: trafficOf(traffic.map(({ second }) => second)),
    rollout,
    autoscale: withoutMemory(autoscale),
    droplets: names.flatMap((name) => {
      const member = fleet.get(name);
      return member ? [dropletFigures(name, member, latest.get(name)?.at(-1), now)] : [];
    }),
    alerts: [...book.records.values()].filter(({ state }) => state === 'firing'),
  };
}

/** Requests a second, share of failures and latencies by pool, of all proxies together. Pure. */
export function trafficOf(seconds: readonly TrafficSecond[]): Frame['traffic'] {
  const figures = (pool: 'prod' | 'canary'): PoolFigures => {
    const all = seconds.map((second) => second[pool]);
    const sum = (of: (one: PoolTraffic) => number): number => all.reduce((total, one) => total + of(one), 0);
    const requests = sum((one) => one.requests);
    const histogram = latencyBoundsMs
      .concat(Infinity)
      .map((_, index) => sum((one) => one.latency[index] ?? 0));
    return {
      requestsPerSecond: Math.round((requests / windowSeconds) * 10) / 10,
      failedPercent: requests > 0 ? (sum((one) => one.failures) / requests) * 100 : null,
      p50Ms: quantileMs(histogram, 0.5),
      p95Ms: quantileMs(histogram, 0.95),
    };
  };
  return { prod: figures('prod'), canary: figures('canary') };
}

/** The upper bound of the bucket in which the quantile lies, ms; null without requests. */
function quantileMs(histogram: readonly number[], quantile: number): number | null {
  const wanted = histogram.reduce((sum, count) => sum + count, 0) * quantile;
  if (wanted === 0) return null;
  let passed = 0;
  const index = histogram.findIndex((count) => (passed += count) >= wanted);
  return latencyBoundsMs[Math.min(index, latencyBoundsMs.length - 1)] ?? null;
}

const silentAfterMs = 10_000;

function dropletFigures(
  name: string,
  { pool, state, release }: Member,
  sample: Sample | undefined,
  now: number,
): DropletFigures {
  const fresh = sample && now - sample.at < silentAfterMs ? sample : undefined;
  return {
    ...{ name, pool, state, release },
    cpu: fresh?.service?.cpu ?? null,
    memory: fresh?.service?.memory ?? null,
    disk: fresh?.droplet.disk ?? null,
    eventLoopLagMs: fresh?.runtime?.eventLoopLagMs ?? null,
  };
}

function withoutMemory(record: AutoscaleRecord | null): Frame['autoscale'] {
  if (!record) return null;
  const { at, leader, current, wanted, mean, target, reason, action } = record;
  return { at, leader, current, wanted, mean, target, reason, action };
}
