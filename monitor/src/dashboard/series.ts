import type { Sample } from '@coalmine/fleet/samples.js';
import { latencyBoundsMs, type PoolTraffic, type TrafficSecond } from '@coalmine/fleet/traffic.js';
import { quantileMs } from '../verdict/latency.js';

/** The time axis: so many ms a point, so many ms in all. */
export const pointMs = 5000;
export const keptMs = 3_600_000;

/** One moment of all curves: column → value. A column that is missing, or null, has nothing to show there. */
export interface Point {
  /** Its beginning, ms since the epoch, a multiple of `pointMs`. */
  at: number;
  values: Record<string, number | null>;
}

/** Points as they travel: each name once, then its values, one for each time. */
export interface Columns {
  at: number[];
  values: Record<string, (number | null)[]>;
}

export function columnsOf(points: readonly Point[]): Columns {
  const names = new Set(points.flatMap(({ values }) => Object.keys(values)));
  return {
    at: points.map(({ at }) => at),
    values: Object.fromEntries(
      [...names].map((name) => [name, points.map(({ values }) => values[name] ?? null)]),
    ),
  };
}

interface PoolSum {
  requests: number;
  failures: number;
  latency: number[];
}
interface Bucket {
  prod: PoolSum;
  canary: PoolSum;
  seconds: Set<number>;
  hosts: Map<string, { cpu: number; cpus: number; memory: number; memories: number }>;
}

const trafficPools = ['prod', 'canary'] as const;

/** The last hour of traffic and load in points of five seconds, fed by what the streams hold, in any order. */
export class Series {
  private readonly buckets = new Map<number, Bucket>();
  private readonly changed = new Set<number>();

  addTraffic(second: TrafficSecond): void {
    const bucket = this.bucket(second.at);
    bucket.seconds.add(Math.floor(second.at / 1000));
    for (const pool of trafficPools) add(bucket[pool], second[pool]);
  }

  addSample({ at, host, service, droplet }: Sample): void {
    const { hosts } = this.bucket(at);
    const sum = hosts.get(host) ?? { cpu: 0, cpus: 0, memory: 0, memories: 0 };
    hosts.set(host, sum);
    sum.cpu += service?.cpu ?? 0;
    sum.cpus += 1;
    // A service that is down uses nothing; its droplet still does.
    sum.memory += service?.memory ?? droplet.memory;
    sum.memories += 1;
  }

  /** Every point there is, oldest first. */
  all(): Point[] {
    return [...this.buckets.keys()].sort((a, b) => a - b).flatMap((at) => this.point(at));
  }

  /** The points that have changed since this was asked last; what is older than the axis is forgotten. */
  takeChanged(now: number): Point[] {
    for (const at of this.buckets.keys()) if (at < now - keptMs) this.buckets.delete(at);
    const points = [...this.changed].sort((a, b) => a - b).flatMap((at) => this.point(at));
    this.changed.clear();
    return points;
  }

  private bucket(at: number): Bucket {
    const start = Math.floor(at / pointMs) * pointMs;
    const bucket = this.buckets.get(start) ?? newBucket();
    this.buckets.set(start, bucket);
    this.changed.add(start);
    return bucket;
  }

  private point(at: number): Point[] {
    const bucket = this.buckets.get(at);
    if (!bucket) return [];
    const values: Record<string, number | null> = {};
    const seconds = bucket.seconds.size;
    if (seconds > 0) {
      for (const pool of trafficPools) {
        const { requests, failures, latency } = bucket[pool];
        values[`${pool}.rate`] = rounded(requests / seconds);
        values[`${pool}.errors`] = requests + failures > 0 ? rounded(errorShare(requests, failures)) : null;
        values[`${pool}.p50`] = rounded(quantileMs(latency, 0.5));
        values[`${pool}.p95`] = rounded(quantileMs(latency, 0.95));
      }
      const { prod, canary } = bucket;
      const all = prod.requests + canary.requests;
      values.share = all > 0 ? rounded((100 * canary.requests) / all) : null;
    }
    for (const [host, sum] of bucket.hosts) {
      values[`cpu.${host}`] = rounded(sum.cpu / sum.cpus);
      values[`memory.${host}`] = rounded(sum.memory / sum.memories);
    }
    return [{ at, values }];
  }
}

/** Failed attempts that were repeated elsewhere count too, so that there may be more of them than requests. */
function errorShare(requests: number, failures: number): number {
  return Math.min(100, (100 * failures) / Math.max(requests, failures));
}

function add(sum: PoolSum, { requests, failures, latency }: PoolTraffic): void {
  sum.requests += requests;
  sum.failures += failures;
  for (const [bucket, count] of latency.entries()) {
    if (count > 0) sum.latency[bucket] = (sum.latency[bucket] ?? 0) + count;
  }
}

function newBucket(): Bucket {
  const pool = (): PoolSum => ({
    requests: 0,
    failures: 0,
    latency: new Array<number>(latencyBoundsMs.length + 1).fill(0),
  });
  return { prod: pool(), canary: pool(), seconds: new Set(), hosts: new Map() };
}

/** Three significant digits are what a curve can show. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(3));
}
