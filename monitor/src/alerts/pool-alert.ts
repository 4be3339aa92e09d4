import { readAlert, writeAlert, type Alert } from '@coalmine/fleet/alerts.js';
import type { AlertBook, AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';

const assertAgainMs = 5000;

/**
 * Keeps `coalmine:alert:<pool>`, which the proxies obey: set while a critical alert of this droplet fires. Written at
 * once, without a leader, and written again for a Redis that has forgotten it.
 */
export class PoolAlert {
  /** What Redis should show; undefined: nothing was written in this life yet. */
  private written: string | null | undefined = undefined;
  private writtenAt = 0;

  constructor(
    private readonly host: string,
    private readonly pool: Pool,
  ) {}

  /** Brings Redis to what fires now. Throws when Redis does not take it; the next call does it again. */
  async write(redis: Redis, firing: readonly AlertRecord[], book: () => Promise<AlertBook>): Promise<void> {
    const worst = firing.find(({ severity }) => severity === 'critical');
    const wanted = worst ? poolAlertOf(worst) : null;
    const wantedText = wanted && JSON.stringify(wanted);
    const now = performance.now();
    if (wantedText === this.written && (wanted === null || now - this.writtenAt < assertAgainMs)) return;
    const present = this.written === undefined || wantedText === this.written || !wanted;
    const shown = present ? await readAlert(redis, this.pool) : null;
    if (wanted) {
      // Another droplet's alert does the same: it is left until it is over.
      if (shown === null) await writeAlert(redis, this.pool, wanted);
    } else if (shown?.host === this.host) {
      await writeAlert(redis, this.pool, otherCritical(await book(), this.host, this.pool));
    }
    this.written = wantedText;
    this.writtenAt = now;
  }
}

/** What the proxies read of an alert; null for one that is about silence, not about a metric. */
export function poolAlertOf(record: AlertRecord): Alert | null {
  const { reason, host, metric, value, threshold, since } = record;
  return metric === 'no-data' ? null : { reason, host, metric, value, threshold, since };
}

/** A critical alert of the pool that fires on another droplet. */
export function otherCritical(book: AlertBook, host: string, pool: Pool): Alert | null {
  const other = [...book.records.values()].find(
    (record) =>
      record.pool === pool &&
      record.host !== host &&
      record.state === 'firing' &&
      record.severity === 'critical' &&
      record.metric !== 'no-data',
  );
  return other ? poolAlertOf(other) : null;
}
