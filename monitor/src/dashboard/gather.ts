import { readAlertBook } from '@coalmine/fleet/alert-records.js';
import { readAutoscale } from '@coalmine/fleet/autoscale.js';
import { readEventsAfter, readLatestEvents, type LoggedEvent } from '@coalmine/fleet/events.js';
import { keys } from '@coalmine/fleet/keys.js';
import { readFleet, type Fleet } from '@coalmine/fleet/members.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import { readSamples } from '@coalmine/fleet/samples.js';
import { readTraffic } from '@coalmine/fleet/traffic.js';
import { readLeader, readVerdict } from '@coalmine/fleet/verdict.js';
import type { Redis } from 'ioredis';
import { readFlagViews, type FlagView } from './flags.js';
import { keptMs, type Series } from './series.js';
import type { Known } from './view.js';

const page = 500;
export const eventsShown = 200;

export type FromRedis = Omit<Known, 'now' | 'builds' | 'thresholds' | 'orders'>;

/** Reads what is new in Redis since the last time: each stream goes on where it was read to. */
export class Gatherer {
  private readonly cursors = new Map<string, string>();
  private readonly lastSeen = new Map<string, number>();
  private events: LoggedEvent[] = [];
  private flags: { revision: string | null; views: FlagView[] } = { revision: '', views: [] };

  constructor(
    private readonly redis: Redis,
    private readonly series: Series,
  ) {}

  /** Throws when Redis does not answer; what was read up to then is kept. */
  async gather(): Promise<FromRedis & { newEvents: LoggedEvent[] }> {
    const { redis } = this;
    const [fleet, rollout, verdict, leader, alerts, autoscale, flagRevision] = await Promise.all([
      readFleet(redis),
      readRollout(redis),
      readVerdict(redis),
      readLeader(redis),
      readAlertBook(redis),
      readAutoscale(redis),
      redis.get(keys.revision('flags')),
    ]);
    if (flagRevision !== this.flags.revision) {
      this.flags = { revision: flagRevision, views: await readFlagViews(redis) };
    }
    const newEvents = await this.readEvents();
    await this.follow(fleet);
    return {
      ...{
        fleet,
        rollout,
        verdict,
        leader: leader?.holder ?? null,
        alerts,
        autoscale,
        flags: this.flags.views,
      },
      ...{ events: this.events, newEvents, lastSeen: this.lastSeen },
    };
  }

  private async readEvents(): Promise<LoggedEvent[]> {
    const last = this.events.at(-1)?.id;
    const found = last
      ? await readEventsAfter(this.redis, last)
      : await readLatestEvents(this.redis, eventsShown);
    this.events = [...this.events, ...found].slice(-eventsShown);
    return found;
  }

  private async follow(fleet: Fleet): Promise<void> {
    await Promise.all(
      [...fleet].map(async ([name, { pool }]) => {
        await this.readAll(keys.samples(name), async (after) => {
          const entries = await readSamples(this.redis, name, after, page);
          for (const { sample } of entries) {
            this.series.addSample(sample);
            this.lastSeen.set(name, Math.max(sample.at, this.lastSeen.get(name) ?? 0));
          }
          return entries;
        });
        if (pool !== 'proxy') return;
        await this.readAll(keys.traffic(name), async (after) => {
          const entries = await readTraffic(this.redis, name, after, page);
          for (const { second } of entries) this.series.addTraffic(second);
          return entries;
        });
      }),
    );
  }

  /** Page by page, so that the first time, an hour of it, holds nobody up. */
  private async readAll(stream: string, read: (after: string) => Promise<{ id: string }[]>): Promise<void> {
    for (;;) {
      const after = this.cursors.get(stream) ?? `${Date.now() - keptMs}-0`;
      const entries = await read(after);
      const last = entries.at(-1);
      if (last) this.cursors.set(stream, last.id);
      if (entries.length < page) return;
    }
  }
}
