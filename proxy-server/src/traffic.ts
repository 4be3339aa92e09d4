import { Counter, Gauge, type Registry } from 'prom-client';
import type { Backends } from './backends.js';
import type { Outcome } from './forward.js';

/** The proxy's figures by pool and server. */
export class Traffic {
  private readonly requests: Counter<'pool' | 'server' | 'status'>;
  private readonly failures: Counter<'pool' | 'server'>;

  constructor(registry: Registry, backends: Backends) {
    this.requests = new Counter({
      name: 'coalmine_proxy_requests_total',
      help: 'Requests by pool, server and status class',
      labelNames: ['pool', 'server', 'status'],
      registers: [registry],
    });
    this.failures = new Counter({
      name: 'coalmine_proxy_failures_total',
      help: 'Attempts that a server did not answer, repeated ones included',
      labelNames: ['pool', 'server'],
      registers: [registry],
    });
    new Gauge({
      name: 'coalmine_proxy_server_up',
      help: '1 while the server is healthy',
      labelNames: ['pool', 'server'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { poolName, name, health } of backends.all())
          this.set({ pool: poolName, server: name }, health.isUp ? 1 : 0);
      },
    });
  }

  count({ backend, status, failed }: Outcome): void {
    const labels = { pool: backend.poolName, server: backend.name };
    if (failed) this.failures.inc(labels);
    this.requests.inc({ ...labels, status: `${Math.floor(status / 100)}xx` });
  }
}
