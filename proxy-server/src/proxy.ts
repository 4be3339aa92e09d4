import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Backend, Backends, PoolName } from './backends.js';
import type { BucketCookie } from './bucket.js';
import { choosePool, type Split } from './choose.js';
import { forward, type Outcome } from './forward.js';
import type { ProxyState } from './state-file.js';

export interface Route {
  pool: PoolName;
  /** To hand out with the answer, for a browser that has no bucket yet. */
  setCookie?: string;
}

/** One request's way: which pool, which server, there and back. */
export class Proxy {
  constructor(
    private readonly backends: Backends,
    private readonly cookie: BucketCookie,
    private readonly state: () => ProxyState,
    private readonly defaultWeight: number,
    private readonly onOutcome: (outcome: Outcome) => void,
  ) {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { pool, setCookie } = this.route(request);
    forward({
      request,
      response,
      // What failed on the canary is tried on production, never the other way round.
      pick: (failed) => (failed ? this.backends.pick('prod', failed) : this.pick(pool)),
      onOutcome: this.onOutcome,
      ...(setCookie ? { setCookie } : {}),
    });
  }

  /** The server for an upgrade, by the same rule as for requests. */
  pickFor(request: IncomingMessage): Backend | null {
    return this.pick(this.route(request).pool);
  }

  private route(request: IncomingMessage): Route {
    const split = this.split();
    const key = this.cookie.read(request.headers.cookie);
    const isBrowser = request.headers.accept?.includes('text/html') === true;
    if (key !== null || !isBrowser) return { pool: choosePool(split, key) };
    const issued = this.cookie.issue(false);
    return { pool: choosePool(split, issued.key), setCookie: issued.header };
  }

  private split(): Split {
    const { rollout, alert } = this.state();
    return {
      weight: rollout?.weight ?? this.defaultWeight,
      salt: rollout?.id ?? '',
      alert,
      canaryUsable: this.backends.isUsable('canary'),
    };
  }

  private pick(pool: PoolName): Backend | null {
    return this.backends.pick(pool) ?? this.backends.pick('prod');
  }
}
