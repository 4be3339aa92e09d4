import { latencyBoundsMs, latencyBucket } from '@coalmine/fleet/traffic.js';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Backend, Backends } from './backends.js';
import type { Outcome } from './exchange.js';
import type { RetryBudget } from './retry.js';

/** What a server has done since it joined: plain numbers, as every request counts here. */
export class Tally {
  readonly statuses = [0, 0, 0, 0, 0, 0];
  failures = 0;
  waitedMs = 0;
  readonly latency = new Uint32Array(latencyBoundsMs.length + 1);

  count({ status, failed, waitedMs }: Outcome): void {
    const first = Math.trunc(status / 100);
    this.statuses[first] = (this.statuses[first] ?? 0) + 1;
    if (failed) this.failures += 1;
    this.waitedMs += waitedMs;
    const bucket = latencyBucket(waitedMs);
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1;
  }
}

/** Upper bounds of the latency histogram, s. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The proxy's figures for Prometheus, by pool and server; put together when somebody asks. */
export function registerFigures(registry: Registry, backends: Backends, budget: RetryBudget): void {
  const registers = [registry];
  const labels = ({ poolName, name }: Backend) => ({ pool: poolName, server: name });
  const labelNames = ['pool', 'server'];
  const perServer = (name: string, help: string, value: (backend: Backend) => number): void => {
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset();
        for (const backend of backends.all()) this.set(labels(backend), value(backend));
      },
    });
  };
  new Counter({
    name: 'coalmine_proxy_requests_total',
    help: 'Requests by pool, server and status class',
    ...{ labelNames: [...labelNames, 'status'], registers },
    collect() {
      this.reset();
      for (const backend of backends.all())
        for (const [first, count] of backend.tally.statuses.entries())
          if (count > 0) this.inc({ ...labels(backend), status: `${first}xx` }, count);
    },
  });
  new Gauge({
    name: 'coalmine_proxy_request_duration_seconds_bucket',
    help: 'Latency until the answer begins, by pool and server',
    ...{ labelNames: [...labelNames, 'le'], registers },
    collect() {
      this.reset();
      for (const backend of backends.all()) {
        const { latency } = backend.tally;
        for (const bound of bounds)
          this.set({ ...labels(backend), le: bound }, countUpTo(latency, bound * 1000));
        this.set({ ...labels(backend), le: '+Inf' }, countUpTo(latency, Infinity));
      }
    },
  });
  perServer(
    'coalmine_proxy_request_duration_seconds_sum',
    'Time until answers began',
    ({ tally }) => tally.waitedMs / 1000,
  );
  perServer('coalmine_proxy_request_duration_seconds_count', 'Attempts', ({ tally }) =>
    countUpTo(tally.latency, Infinity),
  );
  perServer(
    'coalmine_proxy_failures_total',
    'Attempts that a server did not answer, repeated ones included',
    ({ tally }) => tally.failures,
  );
  perServer('coalmine_proxy_server_up', '1 while the server is healthy', ({ health }) =>
    health.isUp ? 1 : 0,
  );
  perServer('coalmine_proxy_in_flight', 'Requests in flight', ({ inFlight }) => inFlight);
  perServer(
    'coalmine_proxy_ejections_total',
    'Times the server was taken out for failing requests',
    ({ health }) => health.ejections,
  );
  new Gauge({
    name: 'coalmine_proxy_retries_total',
    help: 'Attempts that were repeated, and those for which the budget was spent',
    ...{ labelNames: ['outcome'], registers },
    collect() {
      this.set({ outcome: 'taken' }, budget.taken);
      this.set({ outcome: 'refused' }, budget.refused);
    },
  });
}

/** How many were no slower, by the finer buckets: each counts where its own upper bound is. */
function countUpTo(latency: Uint32Array, ms: number): number {
  let count = 0;
  for (const [bucket, number] of latency.entries()) {
    if ((latencyBoundsMs[bucket] ?? Infinity) <= ms) count += number;
  }
  return count;
}
