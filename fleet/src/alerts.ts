import type { Redis } from 'ioredis';
import { z } from 'zod';
import { change, parseJson } from './change.js';
import { keys, type Pool } from './keys.js';
import { metricNames } from './samples.js';

export const alertSchema = z.object({
  reason: z.string(),
  host: z.string(),
  metric: z.enum(metricNames).default('cpu'),
  /** In the metric's unit: % of what the droplet has, for CPU and memory. */
  value: z.number(),
  threshold: z.number(),
  since: z.string(),
});
export type Alert = z.infer<typeof alertSchema>;

/** The firing alert of a pool, or null. One that nobody can read, written by hand for example, is an alert all the same. */
export async function readAlert(redis: Redis, pool: Pool): Promise<Alert | null> {
  const text = await redis.get(keys.alert(pool));
  if (text === null) return null;
  const unread = { reason: text, host: pool, metric: 'cpu', value: 0, threshold: 0 } as const;
  return parseJson(text, alertSchema) ?? { ...unread, since: new Date().toISOString() };
}

/** Raises a pool's alert, or with null clears it. */
export async function writeAlert(redis: Redis, pool: Pool, alert: Alert | null): Promise<void> {
  await change(redis, 'alerts', (transaction) => {
    if (alert) transaction.set(keys.alert(pool), JSON.stringify(alertSchema.parse(alert)));
    else transaction.del(keys.alert(pool));
  });
}
