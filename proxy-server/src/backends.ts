import type { Fleet } from '@coalmine/fleet/members.js';
import { Pool } from 'undici';
import { HealthCheck } from './health.js';

export type PoolName = 'prod' | 'canary';

const connectTimeoutMs = 3000;
const answerTimeoutMs = 30_000;
const idleMs = 30_000; // under the 65 s after which our services close a connection
const connectionsAtMost = 256;

/** One server behind the proxy, with its connections and its health. */
export class Backend {
  readonly pool: Pool;
  readonly health: HealthCheck;
  inFlight = 0;

  constructor(
    readonly name: string,
    readonly poolName: PoolName,
    readonly origin: string,
  ) {
    this.pool = new Pool(origin, {
      connections: connectionsAtMost,
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: 300_000,
      connect: { timeout: connectTimeoutMs },
    });
    this.health = new HealthCheck(new URL('/healthz', origin));
  }

  /** No more checks; requests in flight end, then the connections close. */
  retire(): void {
    this.health.stop();
    void this.pool.close();
  }
}

/** The servers that take requests, as the fleet in Redis says. */
export class Backends {
  private backends: ReadonlyMap<string, Backend> = new Map();
  private turn = 0;

  /** Takes over a new state of the fleet: what left it drains, what joined it is checked before it serves. */
  update(fleet: Fleet): void {
    const next = new Map<string, Backend>();
    for (const [name, member] of fleet) {
      if ((member.pool !== 'prod' && member.pool !== 'canary') || member.state !== 'in') continue;
      const origin = `http://${member.address}:${member.port}`;
      const known = this.backends.get(name);
      next.set(
        name,
        known?.origin === origin && known.poolName === member.pool
          ? known
          : new Backend(name, member.pool, origin),
      );
    }
    const before = this.backends;
    this.backends = next;
    for (const backend of next.values()) backend.health.start();
    for (const [name, backend] of before) if (next.get(name) !== backend) backend.retire();
  }

  /** True when a request for the pool would find a healthy server. */
  isUsable(pool: PoolName): boolean {
    for (const backend of this.backends.values())
      if (backend.poolName === pool && backend.health.isUp) return true;
    return false;
  }

  /**
   * The healthy server of a pool with the fewest requests in flight, in turn among equals; one that failed this
   * request before only if there is no other. Of production even an unhealthy one is better than none: its
   * check may be wrong, and certain failure is no better than likely failure.
   */
  pick(pool: PoolName, avoid?: Backend): Backend | null {
    const members = [...this.backends.values()].filter((backend) => backend.poolName === pool);
    const up = members.filter((backend) => backend.health.isUp);
    const others = up.filter((backend) => backend !== avoid);
    const candidates = others.length > 0 ? others : up.length > 0 ? up : pool === 'prod' ? members : [];
    if (candidates.length < 2) return candidates[0] ?? null;
    this.turn += 1;
    const start = this.turn % candidates.length;
    return [...candidates.slice(start), ...candidates.slice(0, start)].reduce((best, backend) =>
      backend.inFlight < best.inFlight ? backend : best,
    );
  }

  all(): Iterable<Backend> {
    return this.backends.values();
  }

  close(): void {
    for (const backend of this.backends.values()) backend.retire();
  }
}
