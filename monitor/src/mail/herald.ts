import { keys, type Pool } from '@coalmine/fleet/keys.js';
import { metrics, readLatestSamples, type Sample } from '@coalmine/fleet/samples.js';
import type { Rollout } from '@coalmine/fleet/rollout.js';
import type { Redis } from 'ioredis';
import type { Notice } from '../alerts/due.js';
import { drawChart } from './chart.js';
import { composeMail, composeWebhook } from './message.js';
import { composeRolloutMail } from './rollout-mail.js';
import type { Spool } from './spool.js';
import type { Mail } from './smtp.js';

export interface HeraldParts {
  redis: Redis;
  spool: Spool;
  /** What this droplet knows of itself while Redis is away. */
  ownSamples?: { host: string; latest: (count: number) => readonly Sample[] };
}

const chartSeconds = 300;
const eventsAtMost = 8;

/** Makes mail and webhook message of notices, with what else is known, and spools them. */
export class Herald {
  constructor(private readonly parts: HeraldParts) {}

  /** Resolves once the messages are on disk. What Redis does not tell now is left out. */
  async deliver(pool: Pool, notices: readonly Notice[]): Promise<void> {
    const [first] = notices;
    if (!first) return;
    const samples = await this.samplesOf(first.record.host);
    const chart = await chartOf(first, samples);
    const span = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
    const told = {
      ...{ pool, notices, events: await this.eventsSince(first.record.since) },
      chartMinutes: chart && Math.max(1, Math.round(span / 60_000)),
    };
    const mail: Mail = { ...composeMail(told), chart: chart?.toString('base64') ?? null };
    await this.parts.spool.add({ mail, webhook: composeWebhook(told) });
  }

  /** Tells of a rollout's turn, if it is one that somebody has to know. */
  async tellRollout(rollout: Rollout): Promise<void> {
    const composed = composeRolloutMail(rollout);
    if (!composed) return;
    const mail: Mail = { ...composed, chart: null };
    await this.parts.spool.add({
      mail,
      webhook: { text: composed.subject, attachments: [{ text: composed.text }] },
    });
  }

  private async samplesOf(host: string): Promise<readonly Sample[]> {
    const { redis, ownSamples } = this.parts;
    if (ownSamples?.host === host) return ownSamples.latest(chartSeconds);
    const latest = await readLatestSamples(redis, [host], chartSeconds).catch(() => null);
    return latest?.get(host) ?? [];
  }

  /** What everybody did since, but for the alerts themselves. */
  private async eventsSince(since: string): Promise<string[]> {
    const entries = await this.parts.redis
      .xrevrange(keys.events, '+', String(Date.parse(since)), 'COUNT', 50)
      .catch(() => []);
    return entries
      .map(([, fields]) => Object.fromEntries(pairs(fields)))
      .filter(({ what = '' }) => !what.startsWith('alert'))
      .slice(0, eventsAtMost)
      .toReversed()
      .map(({ at = '', who = '', what = '', subject = '', why = '' }) =>
        `${at.slice(11, 19)} ${who}: ${what} ${subject}${why ? ` (${why})` : ''}`.trim(),
      );
  }
}

/** The chart of an alert's metric; null when too little is known. */
async function chartOf({ record }: Notice, samples: readonly Sample[]): Promise<Buffer | null> {
  if (record.metric === 'no-data' || record.metric === 'down') return null;
  const { of, unit } = metrics[record.metric];
  const points = samples.flatMap((sample) => {
    const value = of(sample);
    return value === null ? [] : [{ at: sample.at, value }];
  });
  if (points.length < 2) return null;
  return drawChart({ points, threshold: record.threshold, highest: unit === '%' ? 100 : null });
}

function pairs(fields: readonly string[]): [string, string][] {
  return Array.from({ length: fields.length / 2 }, (_, pair) => [
    fields[2 * pair] ?? '',
    fields[2 * pair + 1] ?? '',
  ]);
}
