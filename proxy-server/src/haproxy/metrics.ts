import { Gauge, type Registry } from 'prom-client';
import type { Control } from './control.js';
import { memberOf, poolOf, slotMs, unansweredBy } from './statistics.js';
import type { TrafficSeconds } from './traffic-seconds.js';

/** Upper bounds of the latency histogram, s. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** HAProxy's figures for Prometheus, under the names of the Node engine; as of the last second. */
export function registerMetrics(registry: Registry, traffic: TrafficSeconds, control: Control): void {
  const figure = (
    name: string,
    help: string,
    labelNames: string[],
    set: (gauge: Gauge, registers: typeof traffic) => void,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        set(this, traffic);
      },
    });
  };
  const perServer = (
    name: string,
    help: string,
    value: (server: (typeof traffic.figures)[number]) => number | null,
  ): void => {
    figure(name, help, ['pool', 'server'], (gauge) => {
      for (const server of traffic.figures) {
        const pool = poolOf(server);
        const count = value(server);
        if (pool && count !== null) gauge.inc({ pool, server: memberOf(server) }, count);
      }
    });
  };
  const isStandIn = (name: string): boolean => name.includes(':');

  figure(
    'coalmine_proxy_requests_total',
    'Requests by pool, server and status class',
    ['pool', 'server', 'status'],
    (gauge) => {
      for (const server of traffic.figures) {
        const pool = poolOf(server);
        if (!pool) continue;
        for (const [status, count] of Object.entries(server.answers))
          gauge.inc({ pool, server: memberOf(server), status }, count);
      }
    },
  );
  perServer(
    'coalmine_proxy_failures_total',
    'Attempts that a server did not answer, repeated ones included',
    unansweredBy,
  );
  perServer(
    'coalmine_proxy_retries_total',
    'Attempts that were repeated',
    (server) => server.retries + server.redispatches,
  );
  perServer('coalmine_proxy_in_flight', 'Requests in flight', (server) => server.inFlight);
  perServer('coalmine_proxy_server_up', '1 while the server is healthy', (server) =>
    isStandIn(server.name) ? null : Number(server.isUp),
  );
  figure('coalmine_proxy_haproxy_up', '1 while HAProxy answers', [], (gauge) =>
    gauge.set(control.isUp ? 1 : 0),
  );
  figure(
    'coalmine_proxy_latency_seconds_bucket',
    'Answers by time to their headers, s, cumulative',
    ['pool', 'le'],
    (gauge) => {
      for (const pool of ['prod', 'canary'] as const) {
        const slots = [...traffic.slots[pool]];
        for (const bound of [...bounds, Infinity]) {
          const count = slots.reduce((sum, [slot, n]) => (slotMs(slot) <= bound * 1000 ? sum + n : sum), 0);
          gauge.set({ pool, le: bound === Infinity ? '+Inf' : String(bound) }, count);
        }
      }
    },
  );
}
