import { readAlertBook, type AlertRecord } from '@coalmine/fleet/alert-records.js';
import { recordEvent } from '@coalmine/fleet/events.js';
import type { Sample } from '@coalmine/fleet/samples.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Notifier } from '../alerts/notifier.js';
import type { Droplet, OwnAlerts } from '../alerts/own-alerts.js';
import { PoolAlert } from '../alerts/pool-alert.js';
import type { Outbox } from './outbox.js';

export interface AgentParts {
  droplet: Droplet;
  measure: () => Promise<Pick<Sample, 'service' | 'droplet' | 'runtime'>>;
  alerts: OwnAlerts;
  outbox: Outbox;
  notifier: Notifier;
  redis: Redis;
  log: Logger;
  onSample?: (sample: Sample) => void;
}

const lookAgainMs = 30_000;
const aloneAfterMs = 3000;
const keptEvents = 100;

/** Takes a sample every second and judges it, whatever Redis does; what it finds goes to Redis, and to people. */
export class Agent {
  private readonly poolAlert: PoolAlert;
  private adopted = false;
  private publishing = false;
  private reachedAt = performance.now();
  private readonly events: AlertRecord[] = [];
  /** Something may have to be told. */
  private restless = true;
  private lookedAt = -Infinity;

  constructor(private readonly parts: AgentParts) {
    this.poolAlert = new PoolAlert(parts.droplet.host, parts.droplet.pool);
  }

  /** One second's work. Never throws: an agent that stops looking is worse than a sample that is lost. */
  async tick(now = Date.now()): Promise<void> {
    const { droplet, measure, alerts, outbox, log, onSample } = this.parts;
    try {
      const { host, pool } = droplet;
      const sample: Sample = { at: now, host, pool, ...(await measure()) };
      outbox.add(sample);
      for (const record of alerts.consider(sample)) {
        log.warn({ alert: record }, record.state === 'firing' ? 'alert' : 'alert is over');
        this.restless = true;
        this.events.push(record);
        if (this.events.length > keptEvents) this.events.shift();
      }
      onSample?.(sample);
    } catch (error) {
      log.error({ err: error }, 'sample lost');
    }
    await this.publish();
    void this.tell().catch((error: unknown) => log.warn({ err: error }, 'not told yet; trying again'));
  }

  /** What the proxies wait for goes first. A Redis that is slow makes this skip seconds, not the looking. */
  private async publish(): Promise<void> {
    if (this.publishing) return;
    this.publishing = true;
    const { redis, alerts, outbox, log } = this.parts;
    try {
      if (!this.adopted) alerts.adopt(await readAlertBook(redis));
      this.adopted = true;
      await this.poolAlert.write(redis, alerts.firing, () => readAlertBook(redis));
      await alerts.write(redis);
      await this.writeEvents();
      await outbox.send();
      this.reachedAt = performance.now();
    } catch (error) {
      log.debug({ err: error, unsent: outbox.unsent }, 'Redis does not take it now');
    } finally {
      this.publishing = false;
    }
  }

  private async writeEvents(): Promise<void> {
    const { host, pool } = this.parts.droplet;
    for (let record = this.events[0]; record; record = this.events[0]) {
      const what = record.state === 'firing' ? 'alert' : 'alert over';
      await recordEvent(this.parts.redis, { who: host, what, subject: pool, why: record.reason });
      this.events.shift();
    }
  }

  private async tell(): Promise<void> {
    const { notifier, alerts, droplet } = this.parts;
    const now = performance.now();
    if (now - this.reachedAt > aloneAfterMs) {
      await notifier.tellAlone(droplet.pool, alerts.records);
      this.restless = true;
    } else if (this.restless || (alerts.firing.length > 0 && now - this.lookedAt > lookAgainMs)) {
      this.lookedAt = now;
      this.restless = false;
      const done = await notifier.tell(droplet.pool).catch((error: unknown) => {
        this.restless = true;
        throw error;
      });
      if (!done) this.restless = true;
    }
  }
}
