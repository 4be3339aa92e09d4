import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/**
 * A registry with the process's own figures (CPU, memory, event-loop lag) under `coalmine_`. `precisionMs`: how often
 * the event loop is looked at; each look costs, at the default about half a percent of a core.
 */
export function createMetrics(part: string, precisionMs = 10): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ part });
  collectDefaultMetrics({
    register: registry,
    prefix: 'coalmine_',
    eventLoopMonitoringPrecision: precisionMs,
  });
  return registry;
}

/** Latency of HTTP requests in seconds, by method and status class (`2xx`). */
export function requestHistogram(registry: Registry): Histogram<'method' | 'status'> {
  return new Histogram({
    name: 'coalmine_http_request_duration_seconds',
    help: 'Latency of HTTP requests',
    labelNames: ['method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
}
