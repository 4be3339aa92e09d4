import type { LoggedEvent } from '@coalmine/fleet/events.js';
import type { Message } from '../src/dashboard/feed.js';
import type { Point } from '../src/dashboard/series.js';
import type { View } from '../src/dashboard/view.js';

const eventsShown = 200;

/** Everything that the server has told, and the curves as columns over one time axis. */
export class State {
  view: View | null = null;
  events: LoggedEvent[] = [];
  away: string | null = 'connecting';
  /** The server's clock minus ours, ms. */
  private skew = 0;
  private axis = { pointMs: 5000, keptMs: 3_600_000 };
  private points = new Map<number, Point['values']>();

  get now(): number {
    return Date.now() + this.skew;
  }

  get pointMs(): number {
    return this.axis.pointMs;
  }

  /** Takes a message; returns the sections that are new. */
  take(message: Message): ReadonlySet<string> {
    this.skew = message.now - Date.now();
    this.away = message.away;
    if (message.axis) {
      this.axis = message.axis;
      this.points.clear();
      this.events = [];
    }
    const { at: times = [], values = {} } = message.points ?? {};
    for (const [index, at] of times.entries()) {
      const columns = Object.entries(values).map(([name, column]) => [name, column[index] ?? null] as const);
      this.points.set(at, Object.fromEntries(columns));
    }
    for (const at of this.points.keys()) if (at < message.now - this.axis.keptMs) this.points.delete(at);
    if (message.view) this.view = { ...this.view, ...message.view } as View;
    if (message.events) this.events = [...this.events, ...message.events].slice(-eventsShown);
    return new Set([
      ...Object.keys(message.view ?? {}),
      ...(message.events ? ['events'] : []),
      ...(message.points ? ['points'] : []),
    ]);
  }

  /** The times of the last minutes in seconds, without gaps; an hour in steps that a chart can still show. */
  times(minutes: number): number[] {
    const stepMs = this.stepMs(minutes);
    const last = Math.floor(this.now / stepMs) * stepMs;
    const count = Math.ceil((minutes * 60_000) / stepMs) + 1;
    return Array.from({ length: count }, (_, index) => (last - (count - 1 - index) * stepMs) / 1000);
  }

  /** A column's mean at each of the times; null where nothing is known. */
  column(name: string, times: readonly number[]): (number | null)[] {
    const stepMs = ((times[1] ?? 0) - (times[0] ?? 0)) * 1000;
    return times.map((time) => {
      let sum = 0;
      let count = 0;
      for (let at = time * 1000; at < time * 1000 + stepMs; at += this.pointMs) {
        const value = this.points.get(at)?.[name];
        if (value === null || value === undefined) continue;
        sum += value;
        count += 1;
      }
      return count > 0 ? sum / count : null;
    });
  }

  private stepMs(minutes: number): number {
    return this.pointMs * (minutes > 30 ? 3 : 1);
  }

  /** The last value of a column, of the last minute. */
  latest(name: string): number | null {
    const last = Math.floor(this.now / this.pointMs) * this.pointMs;
    for (let at = last; at > last - 60_000; at -= this.pointMs) {
      const value = this.points.get(at)?.[name];
      if (value !== undefined && value !== null) return value;
    }
    return null;
  }

  /** The canary's share as it was set, %, at each time; null before the first that is known. */
  weights(times: readonly number[]): (number | null)[] {
    const { weights = [] } = this.view ?? {};
    let index = -1;
    return times.map((time) => {
      while (index + 1 < weights.length && (weights[index + 1]?.[0] ?? 0) <= time * 1000 + this.pointMs)
        index += 1;
      return weights[index]?.[1] ?? null;
    });
  }
}
