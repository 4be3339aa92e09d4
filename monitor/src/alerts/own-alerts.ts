import { alertId, writeAlertBook, type AlertBook, type AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { AlertRule } from '@coalmine/fleet/alert-rules.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import { metrics, type Sample } from '@coalmine/fleet/samples.js';
import type { Redis } from 'ioredis';
import { fine, judge, type AlertState } from './judge.js';

export interface Droplet {
  host: string;
  pool: Pool;
  /** What the droplet is there for: `app-server.service`. */
  service: string;
}

/** The alerts about this droplet: judged every second, kept in Redis as they change. */
export class OwnAlerts {
  private readonly rules: readonly AlertRule[];
  private readonly states = new Map<string, AlertState>();
  private readonly known = new Map<string, AlertRecord>();
  private readonly unwritten = new Map<string, AlertRecord | null>();

  constructor(
    private readonly droplet: Droplet,
    rules: readonly AlertRule[],
  ) {
    this.rules = rules.filter(({ pools }) => pools.includes(droplet.pool));
  }

  /** Those that fire, the oldest first. */
  get firing(): AlertRecord[] {
    return [...this.known.values()]
      .filter(({ state }) => state === 'firing')
      .toSorted((a, b) => (a.firedAt ?? '').localeCompare(b.firedAt ?? ''));
  }

  /** All that is known of them, those that were over lately included. */
  get records(): ReadonlyMap<string, AlertRecord> {
    return this.known;
  }

  /** Judges a sample by every rule. Returns the alerts that began to fire or were over with it. */
  consider(sample: Sample): AlertRecord[] {
    return this.rules.flatMap((rule) => {
      const before = this.states.get(rule.name) ?? fine;
      const value = metrics[rule.metric].of(sample);
      const after = judge(before, value, rule, sample.at);
      this.states.set(rule.name, after);
      if (after.state === before.state) return [];
      const record = recordOf(this.droplet, rule, value ?? 0, before, after, sample.at);
      const id = alertId({ host: this.droplet.host, rule: rule.name });
      this.unwritten.set(id, record);
      if (record) this.known.set(id, record);
      else this.known.delete(id);
      return record && record.state !== 'pending' ? [record] : [];
    });
  }

  /** Takes over what a former life of this agent has left: it goes on firing, and is not told a second time. */
  adopt(book: AlertBook): void {
    for (const [id, record] of book.records) {
      if (record.host !== this.droplet.host || record.rule === 'no-data' || this.known.has(id)) continue;
      const hasRule = this.rules.some(({ name }) => name === record.rule);
      if (record.state === 'firing' && record.firedAt !== null && hasRule) {
        const firedAt = Date.parse(record.firedAt);
        const since = Date.parse(record.since);
        this.states.set(record.rule, { state: 'firing', since, firedAt, belowSince: null });
        this.known.set(id, record);
      } else if (record.state !== 'resolved') this.unwritten.set(id, null);
    }
  }

  /** Writes what has changed. Throws when Redis does not take it; the next call writes it again. */
  async write(redis: Redis): Promise<void> {
    if (this.unwritten.size === 0) return;
    const records = new Map(this.unwritten);
    await writeAlertBook(redis, { records });
    for (const [id, record] of records) if (this.unwritten.get(id) === record) this.unwritten.delete(id);
  }
}

/** The record of an alert after a step of its life; null for one that never fired. Pure. */
export function recordOf(
  { host, pool, service }: Droplet,
  rule: AlertRule,
  value: number,
  before: AlertState,
  after: AlertState,
  now: number,
): AlertRecord | null {
  const iso = (time: number): string => new Date(time).toISOString();
  const shared = {
    ...{ host, pool, rule: rule.name, metric: rule.metric, severity: rule.severity },
    ...{ value: Math.round(value * 100) / 100, threshold: rule.threshold },
  };
  const { title, unit } = metrics[rule.metric];
  const is = rule.metric === 'down' ? `${service} of ${host}` : `${title} of ${host}`;
  const amount = (figure: number): string => `${Math.round(figure * 10) / 10} ${unit}`;
  if (after.state !== 'fine') {
    const over =
      rule.metric === 'down'
        ? `${is} does not run`
        : `${is} is at ${amount(value)}, over ${amount(rule.threshold)} for ${rule.sustainedMs / 1000} s`;
    return {
      ...shared,
      state: after.state,
      since: iso(after.since),
      firedAt: after.state === 'firing' ? iso(after.firedAt) : null,
      resolvedAt: null,
      reason: over,
    };
  }
  if (before.state !== 'firing') return null;
  return {
    ...shared,
    ...{ state: 'resolved', since: iso(before.since), firedAt: iso(before.firedAt), resolvedAt: iso(now) },
    reason: rule.metric === 'down' ? `${is} runs again` : `${is} is at ${amount(value)}, fine again`,
  };
}
