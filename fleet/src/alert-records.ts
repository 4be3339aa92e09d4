import type { Redis } from 'ioredis';
import { z } from 'zod';
import { severities } from './alert-rules.js';
import { change, parseEntries } from './change.js';
import { keys, pools } from './keys.js';
import { metricNames } from './samples.js';

/** The life of one rule's alert about one droplet: pending → firing → resolved. */
export const alertRecordSchema = z.object({
  host: z.string(),
  pool: z.enum(pools),
  /** The rule's name; `no-data` when the droplet has fallen silent. */
  rule: z.string(),
  metric: z.enum([...metricNames, 'no-data']),
  severity: z.enum(severities),
  state: z.enum(['pending', 'firing', 'resolved']),
  /** In the metric's unit; seconds of silence for `no-data`. */
  value: z.number(),
  threshold: z.number(),
  /** ISO 8601: when the threshold was crossed, when the alert began to fire, and when it was over. */
  since: z.string(),
  firedAt: z.string().nullable(),
  resolvedAt: z.string().nullable(),
  reason: z.string(),
});
export type AlertRecord = z.infer<typeof alertRecordSchema>;

/** What has been told of an alert, and when. */
export const toldSchema = z.object({
  state: z.enum(['firing', 'resolved']),
  firedAt: z.string(),
  at: z.string(),
});
export type Told = z.infer<typeof toldSchema>;

/** No mail about what it names until it ends; the proxies do not care. */
export const silenceSchema = z.object({
  id: z.string(),
  /** What must be equal; what is not given is not asked. */
  host: z.string().optional(),
  pool: z.enum(pools).optional(),
  rule: z.string().optional(),
  /** ISO 8601. */
  until: z.string(),
  by: z.string(),
  why: z.string(),
});
export type Silence = z.infer<typeof silenceSchema>;

export interface AlertBook {
  /** By `alertId`. */
  records: ReadonlyMap<string, AlertRecord>;
  told: ReadonlyMap<string, Told>;
  silences: readonly Silence[];
}

export function alertId({ host, rule }: Pick<AlertRecord, 'host' | 'rule'>): string {
  return `${host}/${rule}`;
}

/** Everything that is known of alerts, in one round trip. */
export async function readAlertBook(redis: Redis): Promise<AlertBook> {
  const answers = await redis
    .pipeline()
    .hgetall(keys.alertRecords)
    .hgetall(keys.alertsTold)
    .hgetall(keys.silences)
    .exec();
  const [records, told, silences] = (answers ?? []).map(([error, entries]) => {
    if (error) throw error;
    return entries as Record<string, string>;
  });
  return {
    records: parseEntries(records ?? {}, alertRecordSchema),
    told: parseEntries(told ?? {}, toldSchema),
    silences: [...parseEntries(silences ?? {}, silenceSchema).values()],
  };
}

/** Writes records and what was told of them (a null forgets it), and announces the change. */
export async function writeAlertBook(
  redis: Redis,
  book: {
    records?: ReadonlyMap<string, AlertRecord | null>;
    told?: ReadonlyMap<string, Told | null>;
    silences?: ReadonlyMap<string, Silence | null>;
  },
): Promise<void> {
  await change(redis, 'alerts', (transaction) => {
    const put = (key: string, entries: ReadonlyMap<string, unknown> = new Map()): void => {
      for (const [id, value] of entries) {
        if (value === null) transaction.hdel(key, id);
        else transaction.hset(key, id, JSON.stringify(value));
      }
    };
    put(keys.alertRecords, book.records);
    put(keys.alertsTold, book.told);
    put(keys.silences, book.silences);
  });
}

/** Whether somebody has silenced this alert. */
export function isSilenced(record: AlertRecord, silences: readonly Silence[], now: number): boolean {
  return silences.some(
    (silence) =>
      Date.parse(silence.until) > now &&
      (silence.host === undefined || silence.host === record.host) &&
      (silence.pool === undefined || silence.pool === record.pool) &&
      (silence.rule === undefined || silence.rule === record.rule),
  );
}
