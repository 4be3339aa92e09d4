import {
  latencyBoundsMs,
  latencyBucket,
  type PoolTraffic,
  type TrafficSecond,
} from '@coalmine/fleet/traffic.js';

const secondMs = 1000;

/** Gathers what each pool does, and hands it on at the end of every second of the clock. */
export class Seconds {
  private timer: NodeJS.Timeout | undefined;
  private prod = nothing();
  private canary = nothing();

  constructor(private readonly onSecond: (second: TrafficSecond) => void) {}

  start(): void {
    const next = secondMs - (Date.now() % secondMs);
    this.timer = setTimeout(() => {
      const { prod, canary } = this;
      this.prod = nothing();
      this.canary = nothing();
      const at = Math.floor(Date.now() / secondMs) * secondMs - secondMs;
      this.start();
      this.onSecond({ at, prod, canary });
    }, next);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** One attempt on a server of the pool: how long until its answer began, ms, and whether it failed. */
  count(pool: 'prod' | 'canary', ms: number, failed: boolean): void {
    const second = this[pool];
    const bucket = latencyBucket(ms);
    second.requests += 1;
    if (failed) second.failures += 1;
    second.latency[bucket] = (second.latency[bucket] ?? 0) + 1;
  }
}

function nothing(): PoolTraffic {
  return { requests: 0, failures: 0, latency: new Array<number>(latencyBoundsMs.length + 1).fill(0) };
}
