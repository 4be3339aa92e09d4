import { readAlert, writeAlert, type Alert } from '@coalmine/fleet/alerts.js';
import { recordEvent } from '@coalmine/fleet/events.js';
import { keys, type Pool } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import { judge, quiet, type AlertState } from './alert.js';
import { firingMail, resolvedMail, type Mailer } from './mail.js';
import type { Load } from './processes.js';

export interface AgentSettings {
  host: string;
  pool: Pool;
  /** % for each metric. */
  thresholds: Load;
  sustainedMs: number;
}

type Metric = keyof Load;

const keptSamples = 3600;

/** Takes a sample every second: into Redis, into the metrics, and to the judgement of each threshold. */
export class Agent {
  private readonly states: Record<Metric, AlertState> = { cpu: quiet, memory: quiet };
  private readonly gauge: Gauge<'metric'>;
  /** The alert that Redis should show; written again until it does. */
  private wanted: Alert | null = null;
  private written: Alert | null | undefined = undefined;

  constructor(
    private readonly settings: AgentSettings,
    private readonly measure: () => Promise<Load | null>,
    private readonly redis: Redis,
    private readonly mailer: Mailer | null,
    private readonly log: Logger,
    metrics: Registry,
  ) {
    this.gauge = new Gauge({
      name: 'coalmine_service_load_percent',
      help: 'Load of the service, % of what the droplet has',
      labelNames: ['metric'],
      registers: [metrics],
    });
  }

  /** One second's work. Never throws: an agent that stops looking is worse than a sample that is lost. */
  async tick(now = Date.now()): Promise<void> {
    try {
      const load = (await this.measure()) ?? { cpu: 0, memory: 0 };
      for (const metric of ['cpu', 'memory'] as const) this.consider(metric, load[metric], now);
      await this.publish(load, now);
    } catch (error) {
      this.log.warn({ err: error }, 'sample lost');
    }
  }

  private consider(metric: Metric, value: number, now: number): void {
    this.gauge.set({ metric }, value);
    const before = this.states[metric];
    const threshold = this.settings.thresholds[metric];
    const after = judge(before, value, threshold, this.settings.sustainedMs, now);
    this.states[metric] = after;
    if (after.firing === before.firing) return;
    const alert: Alert = {
      reason: `${metric} of ${this.settings.host} is at ${value.toFixed(1)} %, over ${threshold} % for ${this.settings.sustainedMs / 1000} s`,
      ...{ host: this.settings.host, metric, value, threshold },
      since: new Date(after.since ?? before.since ?? now).toISOString(),
    };
    this.log.warn({ alert, firing: after.firing }, after.firing ? 'alert' : 'alert is over');
    const stillFiring = Object.values(this.states).some((state) => state.firing);
    this.wanted = after.firing ? alert : stillFiring ? this.wanted : null;
    this.mailer?.send(after.firing ? firingMail(alert, this.settings.pool) : resolvedMail(alert));
  }

  private async publish(load: Load, now: number): Promise<void> {
    const { host, pool } = this.settings;
    if (this.written !== this.wanted) await this.publishAlert();
    const fields = ['at', now, 'cpu', load.cpu.toFixed(2), 'memory', load.memory.toFixed(2), 'pool', pool];
    await this.redis.xadd(keys.samples(host), 'MAXLEN', '~', keptSamples, '*', ...fields);
  }

  private async publishAlert(): Promise<void> {
    const { host, pool } = this.settings;
    const wanted = this.wanted;
    if (wanted) await writeAlert(this.redis, pool, wanted);
    // Another droplet's alert is not ours to clear; our own of a life before is.
    else if ((await readAlert(this.redis, pool))?.host === host) await writeAlert(this.redis, pool, null);
    if (this.written !== undefined) {
      await recordEvent(this.redis, {
        who: host,
        what: wanted ? 'alert' : 'alert over',
        subject: pool,
        why: wanted?.reason ?? '',
      });
    }
    this.written = wanted;
  }
}
