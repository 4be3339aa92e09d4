import type { LoggedEvent } from '@coalmine/fleet/events.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Build } from './builds.js';
import { Gatherer } from './gather.js';
import { columnsOf, keptMs, pointMs, Series, type Columns } from './series.js';
import { changedSections, viewOf, type Known, type View } from './view.js';

/** What goes over the stream: everything at first, then what has changed. */
export interface Message {
  /** The server's clock, ms since the epoch. */
  now: number;
  /** Why there is nothing newer, while Redis does not answer. */
  away: string | null;
  /** Of the time axis; with the first message only. */
  axis?: { pointMs: number; keptMs: number };
  view?: Partial<View>;
  points?: Columns;
  /** Oldest first. */
  events?: LoggedEvent[];
}

export interface FeedParts {
  redis: Redis;
  /** The pipeline's last builds; null without a Jenkins. */
  builds: (() => Promise<Build[]>) | null;
  thresholds: Known['thresholds'];
  orders: Known['orders'];
  log: Logger;
}

const everyMs = 1000;
const buildsEveryMs = 3000;
/** So long after the last watcher has left, Redis is still read, for one who reloads. */
const lingerMs = 60_000;

/** Follows Redis once a second for all who watch, and for nobody when nobody does. */
export class Feed {
  private readonly listeners = new Set<(message: string) => void>();
  private readonly series = new Series();
  private readonly gatherer: Gatherer;
  private view: View | null = null;
  private events: readonly LoggedEvent[] = [];
  private builds: Build[] = [];
  private away: string | null = 'nothing has been read yet';
  private timer: NodeJS.Timeout | null = null;
  private turning: Promise<void> | null = null;
  private watchedAt = 0;
  private buildsAt = 0;

  constructor(private readonly parts: FeedParts) {
    this.gatherer = new Gatherer(parts.redis, this.series);
  }

  /** Tells everything at once, then every change, as JSON, until the returned function is called. */
  async watch(listener: (message: string) => void): Promise<() => void> {
    if (!this.timer) {
      this.timer = setInterval(() => void this.turn(), everyMs);
      await this.turn();
    } else await this.turning;
    const everything: Message = {
      ...{ now: Date.now(), away: this.away, axis: { pointMs, keptMs } },
      ...(this.view
        ? { view: this.view, points: columnsOf(this.series.all()), events: [...this.events] }
        : {}),
    };
    listener(JSON.stringify(everything));
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      this.watchedAt = performance.now();
    };
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  private turn(): Promise<void> {
    this.turning ??= this.look().finally(() => (this.turning = null));
    return this.turning;
  }

  private async look(): Promise<void> {
    if (this.listeners.size > 0) this.watchedAt = performance.now();
    else if (this.view && performance.now() - this.watchedAt > lingerMs) this.stop();
    const { thresholds, orders, log } = this.parts;
    void this.lookAtBuilds();
    try {
      const { newEvents, ...found } = await this.gatherer.gather();
      const now = Date.now();
      const next = viewOf({ now, ...found, builds: this.builds, thresholds, orders });
      const view = changedSections(this.view, next);
      const points = this.series.takeChanged(now);
      this.view = next;
      this.events = found.events;
      this.away = null;
      this.send({
        ...{ now, away: null },
        ...(view ? { view } : {}),
        ...(points.length > 0 ? { points: columnsOf(points) } : {}),
        ...(newEvents.length > 0 ? { events: newEvents } : {}),
      });
    } catch (error) {
      this.away = (error as Error).message;
      log.debug({ err: error }, 'the dashboard cannot read Redis');
      this.send({ now: Date.now(), away: this.away });
    }
  }

  private async lookAtBuilds(): Promise<void> {
    const { builds, log } = this.parts;
    if (!builds || performance.now() - this.buildsAt < buildsEveryMs) return;
    this.buildsAt = performance.now();
    try {
      this.builds = await builds();
    } catch (error) {
      log.debug({ err: error }, 'the dashboard does not see the builds');
    }
  }

  private send(message: Message): void {
    const text = JSON.stringify(message);
    for (const listener of this.listeners) listener(text);
  }
}
