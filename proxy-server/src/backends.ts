import type { Fleet } from '@coalmine/fleet/members.js';
import { Tally } from './figures.js';
import { HealthCheck } from './health.js';
import { Connections } from './upstream/connections.js';

export type PoolName = 'prod' | 'canary';

/** An idle connection is closed after `answerMs`: before our services do it, after 65 s. */
const times = { connectMs: 3000, answerMs: 30_000, bodyMs: 300_000, clientMs: 60_000 };
const connectionsAtMost = 256;

/** How long a server that joins is given less than its share, ms. */
const slowStartMs = 10_000;

/** One server behind the proxy, with its connections, its health and its figures. */
export class Backend {
  readonly connections: Connections;
  /** address:port */
  readonly host: string;
  readonly health: HealthCheck;
  readonly tally = new Tally();
  inFlight = 0;

  constructor(
    readonly name: string,
    readonly poolName: PoolName,
    readonly origin: string,
    onTurn: (backend: Backend) => void,
  ) {
    const { host, hostname, port } = new URL(origin);
    this.host = host;
    this.connections = new Connections(hostname, Number(port || 80), connectionsAtMost, times);
    this.health = new HealthCheck(new URL('/healthz', origin), () => onTurn(this));
  }

  /** Requests in flight as they weigh: those of a server that has just joined weigh more, so that it gets fewer. */
  load(now: number): number {
    const age = (now - this.health.upSince) / slowStartMs;
    return age >= 1 ? this.inFlight : (this.inFlight + 1) / Math.max(age, 0.1);
  }

  /** No more checks; requests in flight end, then the connections close. */
  retire(): void {
    this.health.stop();
    this.connections.retire();
  }
}

/** The servers that take requests, as the fleet in Redis says. */
export class Backends {
  private backends: ReadonlyMap<string, Backend> = new Map();
  /** By pool: all, and those that are up. Made anew when something turns, so that a request only looks. */
  private members: Record<PoolName, readonly Backend[]> = { prod: [], canary: [] };
  private up: Record<PoolName, readonly Backend[]> = { prod: [], canary: [] };

  /** `onTurn` is told of every server that has come up or gone down. */
  constructor(private readonly onTurn: (backend: Backend) => void = () => undefined) {}

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
          : new Backend(name, member.pool, origin, (backend) => {
              this.sort();
              this.onTurn(backend);
            }),
      );
    }
    const before = this.backends;
    this.backends = next;
    this.sort();
    for (const backend of next.values()) backend.health.start();
    for (const [name, backend] of before) if (next.get(name) !== backend) backend.retire();
  }

  /** True when a request for the pool would find a healthy server. */
  isUsable(pool: PoolName): boolean {
    return this.up[pool].length > 0;
  }

  /**
   * A healthy server of a pool: of two that are drawn, the one with less to do (the power of two choices: Mitzenmacher,
   * IEEE TPDS 12/10, 2001). One that failed this request before only if there is no other. Of production even an
   * unhealthy one is better than none: its check may be wrong, and certain failure is no better than likely failure.
   */
  pick(pool: PoolName, avoid: Backend | null = null): Backend | null {
    const up = this.up[pool];
    const from = up.length > 0 ? up : pool === 'prod' ? this.members.prod : up;
    const count = from.length;
    if (count === 0) return null;
    if (count === 1) return from[0] as Backend;
    const first = Math.floor(Math.random() * count);
    const second = (first + 1 + Math.floor(Math.random() * (count - 1))) % count;
    const [one, other] = [from[first] as Backend, from[second] as Backend];
    if (one === avoid) return other;
    if (other === avoid) return one;
    const now = performance.now();
    return one.load(now) <= other.load(now) ? one : other;
  }

  all(): Iterable<Backend> {
    return this.backends.values();
  }

  close(): void {
    for (const backend of this.backends.values()) backend.retire();
  }

  private sort(): void {
    const all = [...this.backends.values()];
    for (const pool of ['prod', 'canary'] as const) {
      this.members[pool] = all.filter((backend) => backend.poolName === pool);
      this.up[pool] = this.members[pool].filter(({ health }) => health.isUp);
    }
  }
}
