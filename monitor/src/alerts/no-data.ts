import {
  alertId,
  readAlertBook,
  writeAlertBook,
  type AlertBook,
  type AlertRecord,
} from '@coalmine/fleet/alert-records.js';
import { readAlert, writeAlert } from '@coalmine/fleet/alerts.js';
import { recordEvent } from '@coalmine/fleet/events.js';
import { keys, pools, type Pool } from '@coalmine/fleet/keys.js';
import { readFleet, type Fleet } from '@coalmine/fleet/members.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Notifier } from './notifier.js';
import { otherCritical } from './pool-alert.js';

export interface Seen {
  fleet: Fleet;
  /** When each droplet's last sample arrived, ms by Redis's clock; null: never. */
  lastSeen: ReadonlyMap<string, number | null>;
  /** Since when somebody looks: silence before that is not the droplet's. */
  watchingSince: number;
  /** Ms by Redis's clock. */
  now: number;
}

/**
 * What becomes of the no-data alerts: one fires for a droplet of the fleet that has sent nothing for `noDataMs`, ends
 * when it sends again, and all records of a droplet that has left the fleet go (null). Only changes are returned. Pure.
 */
export function judgeSilence(
  { fleet, lastSeen, watchingSince, now }: Seen,
  records: AlertBook['records'],
  noDataMs: number,
): ReadonlyMap<string, AlertRecord | null> {
  const changes = new Map<string, AlertRecord | null>();
  for (const [id, record] of records) if (!fleet.has(record.host)) changes.set(id, null);
  for (const [host, { pool }] of fleet) {
    const id = alertId({ host, rule: 'no-data' });
    const before = records.get(id);
    const since = Math.max(lastSeen.get(host) ?? 0, watchingSince);
    const silentMs = now - since;
    const iso = (time: number): string => new Date(time).toISOString();
    if (silentMs >= noDataMs && before?.state !== 'firing') {
      changes.set(id, {
        ...{ host, pool, rule: 'no-data', metric: 'no-data', severity: 'critical', state: 'firing' },
        ...{ value: Math.round(silentMs / 1000), threshold: noDataMs / 1000 },
        ...{ since: iso(since), firedAt: iso(now), resolvedAt: null },
        reason: `${host} has sent nothing for ${Math.round(silentMs / 1000)} s`,
      });
    } else if (
      silentMs < noDataMs &&
      before?.state === 'firing' &&
      (lastSeen.get(host) ?? 0) > watchingSince
    ) {
      changes.set(id, {
        ...before,
        ...{ state: 'resolved', resolvedAt: iso(now), reason: `${host} sends its samples again` },
      });
    }
  }
  return changes;
}

export interface NoDataParts {
  redis: Redis;
  notifier: Notifier;
  me: string;
  noDataMs: number;
  log: Logger;
}

const gapMs = 5000;

/** As the controller takes it: one turn after the other while this process leads. */
export interface NoDataDuty {
  readonly name: string;
  readonly everyMs: number;
  turn(): Promise<void>;
}

/**
 * The leader's duty: droplets that have fallen silent are alerts, droplets that are gone take theirs
 * with them, and what no agent can tell any more is told. A turn throws when Redis is away; the next one goes on.
 */
export function noDataDuty({ redis, notifier, me, noDataMs, log }: NoDataParts): NoDataDuty {
  let watchingSince = Infinity;
  let lookedAt = -Infinity;
  const turn = async (): Promise<void> => {
    const [seconds, microseconds] = await redis.time();
    const now = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    // After a pause (a new leader, Redis away) everybody has time to be heard again.
    if (now - lookedAt > gapMs) watchingSince = now;
    lookedAt = now;
    const fleet = await readFleet(redis);
    const lastSeen = await readLastSeen(redis, [...fleet.keys()]);
    const book = await readAlertBook(redis);
    const changes = judgeSilence({ fleet, lastSeen, watchingSince, now }, book.records, noDataMs);
    if (changes.size > 0) await writeAlertBook(redis, { records: changes });
    for (const record of changes.values()) {
      if (!record) continue;
      log.warn({ alert: record }, record.state === 'firing' ? 'alert' : 'alert is over');
      const what = record.state === 'firing' ? 'alert' : 'alert over';
      await recordEvent(redis, { who: me, what, subject: record.host, why: record.reason });
    }
    for (const pool of pools) await clearOrphan(redis, pool, fleet, book);
    for (const pool of pools)
      void notifier.tell(pool).catch((error: unknown) => log.warn({ err: error }, 'not told yet'));
  };
  return { name: 'no-data', everyMs: 1000, turn };
}

/** A droplet that was destroyed while its alert fired cannot take it back. */
async function clearOrphan(redis: Redis, pool: Pool, fleet: Fleet, book: AlertBook): Promise<void> {
  const shown = await readAlert(redis, pool);
  if (shown && fleet.size > 0 && !fleet.has(shown.host)) {
    await writeAlert(redis, pool, otherCritical(book, shown.host, pool));
  }
}

/** When each host's last sample arrived, by Redis's clock, in one round trip. */
async function readLastSeen(
  redis: Redis,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, number | null>> {
  const pipeline = redis.pipeline();
  for (const host of hosts) pipeline.xrevrange(keys.samples(host), '+', '-', 'COUNT', 1);
  const answers = (await pipeline.exec()) ?? [];
  return new Map(
    hosts.map((host, index) => {
      const [error, entries] = answers[index] ?? [null, []];
      if (error) throw error;
      const [id] = (entries as [string, string[]][])[0] ?? [];
      return [host, id === undefined ? null : Number.parseInt(id, 10)];
    }),
  );
}
