import type { PoolTraffic, TrafficSecond } from '@coalmine/fleet/traffic.js';
import type { Control } from './control.js';
import { between, parseSlots, parseStatistics, poolTotals, type ServerFigures } from './statistics.js';

const secondMs = 1000;

/** Reads HAProxy's figures at the end of every second, and tells what the second was like. */
export class TrafficSeconds {
  private timer: NodeJS.Timeout | undefined;
  private before: { pid: number; prod: PoolTraffic; canary: PoolTraffic } | null = null;
  /** As of the last second. */
  figures: readonly ServerFigures[] = [];
  slots = { prod: new Map<number, number>(), canary: new Map<number, number>() };

  constructor(
    private readonly control: Control,
    private readonly onSecond: (second: TrafficSecond) => void,
  ) {}

  start(): void {
    const next = secondMs - (Date.now() % secondMs);
    this.timer = setTimeout(() => {
      const at = Math.floor(Date.now() / secondMs) * secondMs - secondMs;
      this.start();
      void this.read(at);
    }, next);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** The second that began at `at`. The first reading of a HAProxy is only something to compare the next with. */
  private async read(at: number): Promise<void> {
    const { control } = this;
    const { pid } = control;
    const [stat, prodSlots, canarySlots] = await Promise.all(
      ['show stat', 'show table latency-prod', 'show table latency-canary'].map((command) =>
        control.ask(command),
      ),
    );
    if (!stat || control.pid !== pid) {
      this.before = null;
      return;
    }
    this.figures = parseStatistics(stat);
    this.slots = { prod: parseSlots(prodSlots ?? ''), canary: parseSlots(canarySlots ?? '') };
    const now = {
      pid,
      prod: poolTotals(this.figures, this.slots.prod, 'prod'),
      canary: poolTotals(this.figures, this.slots.canary, 'canary'),
    };
    const { before } = this;
    this.before = now;
    if (before?.pid !== pid) return;
    this.onSecond({
      at,
      prod: between(before.prod, now.prod),
      canary: between(before.canary, now.canary),
    });
  }
}
