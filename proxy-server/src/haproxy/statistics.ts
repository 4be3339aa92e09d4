import { latencyBoundsMs, latencyBucket, type PoolTraffic } from '@coalmine/fleet/traffic.js';
import { instead, lastResort } from './servers.js';

/** A server's figures since HAProxy started (management.txt, 9.1). */
export interface ServerFigures {
  backend: string;
  name: string;
  isUp: boolean;
  inFlight: number;
  /** Answers by class of status; the last is what was no status at all. */
  answers: { '1xx': number; '2xx': number; '3xx': number; '4xx': number; '5xx': number; other: number };
  connectErrors: number;
  answerErrors: number;
  retries: number;
  redispatches: number;
  ejections: number;
}

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'] as const;

/** Reads `show stat`: CSV with names of columns after `#`. The lines FRONTEND and BACKEND are kept under these names. */
export function parseStatistics(csv: string): ServerFigures[] {
  const lines = csv.split('\n');
  const columns = new Map(
    (lines[0] ?? '')
      .replace(/^# /, '')
      .split(',')
      .map((name, index) => [name, index]),
  );
  return lines.slice(1).flatMap((line) => {
    if (line === '') return [];
    const fields = line.split(',');
    const text = (column: string): string => fields[columns.get(column) ?? -1] ?? '';
    const number = (column: string): number => Number(text(column));
    return [
      {
        backend: text('pxname'),
        name: text('svname'),
        isUp: /^(UP|no check)/.test(text('status')),
        inFlight: number('scur'),
        answers: Object.fromEntries(
          classes.map((name) => [name, number(`hrsp_${name}`)]),
        ) as ServerFigures['answers'],
        connectErrors: number('econ'),
        answerErrors: number('eresp'),
        retries: number('wretr'),
        redispatches: number('wredis'),
        ejections: number('hanafail'),
      },
    ];
  });
}

/** The pool whose traffic a server's line is: production's when it stands in for the canary; null for other lines. */
export function poolOf({ backend, name }: ServerFigures): 'prod' | 'canary' | null {
  if (name === 'BACKEND' || name === 'FRONTEND') return null;
  if (backend === 'canary') return name.endsWith(instead) ? 'prod' : 'canary';
  return backend === 'prod' ? 'prod' : null;
}

/** The member behind a server's line. */
export function memberOf({ name }: ServerFigures): string {
  return name.endsWith(instead)
    ? name.slice(0, -instead.length)
    : name.endsWith(lastResort)
      ? name.slice(0, -lastResort.length)
      : name;
}

/** Attempts that a server left without an answer: repeated there, repeated elsewhere, given up, cut in the answer. */
export function unansweredBy({ retries, redispatches, connectErrors, answerErrors }: ServerFigures): number {
  return retries + redispatches + connectErrors + answerErrors;
}

/** What a pool has done since HAProxy started; the difference of two is the traffic between. */
export function poolTotals(
  figures: readonly ServerFigures[],
  slots: ReadonlyMap<number, number>,
  pool: 'prod' | 'canary',
): PoolTraffic {
  const total = { requests: 0, failures: 0, latency: latencyBoundsMs.map(() => 0).concat(0) };
  for (const server of figures) {
    if (poolOf(server) !== pool) continue;
    const unanswered = unansweredBy(server);
    total.requests += classes.reduce((sum, name) => sum + server.answers[name], 0) + unanswered;
    total.failures += server.answers['5xx'] + server.answers.other + unanswered;
  }
  for (const [slot, count] of slots) {
    const bucket = latencyBucket(slotMs(slot));
    total.latency[bucket] = (total.latency[bucket] ?? 0) + count;
  }
  return total;
}

/** The latency in the middle of a slot (see latencySlots in configuration.ts), in ms. */
export function slotMs(slot: number): number {
  return slot < 1000 ? (slot + 0.5) / 10 : (slot - 1000 + 0.5) * 10;
}

/** Reads `show table`: what was counted in each slot since HAProxy started. */
export function parseSlots(table: string): Map<number, number> {
  return new Map(
    [...table.matchAll(/key=(\d+) .*gpc0=(\d+)/g)].map(([, key, count]) => [Number(key), Number(count)]),
  );
}

/** What has come since `before`; everything, when HAProxy has started anew meanwhile. */
export function between(before: PoolTraffic, after: PoolTraffic): PoolTraffic {
  const isFresh = after.requests < before.requests;
  const since = (now: number, then: number): number => (isFresh ? now : Math.max(0, now - then));
  return {
    requests: since(after.requests, before.requests),
    failures: since(after.failures, before.failures),
    latency: after.latency.map((count, bucket) => since(count, before.latency[bucket] ?? 0)),
  };
}
