import { setTimeout as sleep } from 'node:timers/promises';
import { readAlertBook, writeAlertBook, type AlertBook, type Told } from '@coalmine/fleet/alert-records.js';
import { keys, type Pool } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { dueNotices, forgettable, toldOf, type Notice } from './due.js';

export interface NotifierParts {
  redis: Redis;
  /** Who tells: a droplet's name. */
  me: string;
  /** Hands notices about one pool over to all receivers; resolves when nothing can lose them any more. */
  deliver: (pool: Pool, notices: readonly Notice[]) => Promise<void>;
  /** After how long an alert that goes on is told again, ms. */
  repeatMs: number;
  /** How long to wait for more alerts of the same pool, so that they make one mail, ms. */
  groupMs?: number;
  log: Logger;
}

/**
 * Tells people of alerts: those of a pool together, each once. Any agent can do it, and the leader; who claims a pool
 * first tells all that is due there, so it needs no leader. At least once: who falls between telling and noting it down
 * tells again.
 */
export class Notifier {
  /** What was told while Redis was away, to be noted there. */
  private readonly toldAlone = new Map<string, Told>();
  private readonly busy = new Set<Pool>();

  constructor(private readonly parts: NotifierParts) {}

  /** Tells what is due of a pool. Returns false when someone else is at it, and it has to be looked at again. */
  async tell(pool: Pool, now: () => number = Date.now): Promise<boolean> {
    const { redis, me, deliver, repeatMs, groupMs = 1000 } = this.parts;
    if (this.busy.has(pool)) return false;
    this.busy.add(pool);
    try {
      await this.noteToldAlone();
      if (dueNotices(await readAlertBook(redis), pool, repeatMs, now()).length === 0) return true;
      const claim = await redis.set(keys.alertsTeller(pool), me, 'PX', groupMs + 2000, 'NX');
      if (claim !== 'OK') return false;
      await sleep(groupMs);
      const book = await readAlertBook(redis);
      const notices = dueNotices(book, pool, repeatMs, now());
      if (notices.length === 0) return true;
      await deliver(pool, notices);
      const { alerts, silences } = forgettable(book, now());
      await writeAlertBook(redis, {
        records: nothing(alerts),
        told: new Map([...nothing(alerts), ...toldOf(notices, now())]),
        silences: nothing(silences),
      });
      return true;
    } finally {
      this.busy.delete(pool);
    }
  }

  /** Tells of this droplet's own alerts while Redis is away, from what is known here. */
  async tellAlone(pool: Pool, records: AlertBook['records'], now = Date.now()): Promise<void> {
    if (this.busy.has(pool)) return;
    const book = { records, told: this.toldAlone, silences: [] };
    const notices = dueNotices(book, pool, this.parts.repeatMs, now);
    if (notices.length === 0) return;
    this.busy.add(pool);
    try {
      this.parts.log.warn('Redis is away: telling of this droplet alone');
      await this.parts.deliver(pool, notices);
      for (const [id, told] of toldOf(notices, now)) this.toldAlone.set(id, told);
    } finally {
      this.busy.delete(pool);
    }
  }

  private async noteToldAlone(): Promise<void> {
    if (this.toldAlone.size === 0) return;
    await writeAlertBook(this.parts.redis, { told: this.toldAlone });
    this.toldAlone.clear();
  }
}

function nothing(ids: readonly string[]): ReadonlyMap<string, null> {
  return new Map(ids.map((id) => [id, null]));
}
