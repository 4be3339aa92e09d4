import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { refusal } from './admission.js';
import type { Backend, Backends, PoolName } from './backends.js';
import type { BucketCookie } from './bucket.js';
import type { Split } from './choose.js';
import { decide, explain, type Decision, type Splitting } from './decision.js';
import { Exchange, refuse, type Outcome } from './exchange.js';
import type { Peers } from './peers.js';
import type { RetryBudget } from './retry.js';
import type { ProxyState } from './state-file.js';

export interface ProxyParts {
  backends: Backends;
  cookie: BucketCookie;
  peers: Peers;
  budget: RetryBudget;
  splitting: Splitting;
  state: () => ProxyState;
  /** Share of the canary before any rollout was announced, in 1/100 %. */
  defaultWeight: number;
  /** Bytes; 0: as large as they come. */
  bodyAtMost: number;
  onOutcome: (outcome: Outcome) => void;
}

/** One request's way: may it pass, which pool, which server, there and back. */
export class Proxy {
  /** Of the state that was seen last: requests compare, and only a new state is taken apart. */
  private seen: ProxyState | null = null;
  private allowed: ReadonlySet<string> = new Set();

  constructor(private readonly parts: ProxyParts) {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { parts } = this;
    const refused = refusal(request, parts.bodyAtMost);
    if (refused) {
      response.shouldKeepAlive = false;
      refuse(response, refused.status, refused.reason);
      return;
    }
    const forwarded = parts.peers.forwarded(request);
    const { pool, setCookie } = this.decide(request.headers, forwarded.proto === 'https');
    parts.budget.count();
    new Exchange(request, response, {
      // What failed on the canary is tried on production, never the other way round.
      pick: (failed) => (failed ? parts.backends.pick('prod', failed) : this.pick(pool)),
      forwarded,
      budget: parts.budget,
      onOutcome: parts.onOutcome,
      setCookie,
    }).attempt();
  }

  /** The server for an upgrade, by the same rule as for requests. */
  pickFor(request: IncomingMessage): Backend | null {
    return this.pick(this.decide(request.headers).pool);
  }

  /** Why a request with these headers goes where it goes. */
  explain(headers: IncomingHttpHeaders): Decision & { why: string; weight: number } {
    const decision = this.decide(headers);
    const split = this.split();
    return { ...decision, weight: split.weight, why: explain(decision, split) };
  }

  private decide(headers: IncomingHttpHeaders, secure = false): Decision {
    const state = this.parts.state();
    if (state !== this.seen) {
      this.seen = state;
      this.allowed = new Set([...(state.rollout?.allow ?? []), ...state.allow]);
    }
    return decide(headers, this.split(), this.allowed, this.parts.cookie, this.parts.splitting, secure);
  }

  private split(): Split {
    const { state, defaultWeight, backends } = this.parts;
    const { rollout, alert } = state();
    return {
      weight: rollout?.weight ?? defaultWeight,
      salt: rollout?.id ?? '',
      alert,
      canaryUsable: backends.isUsable('canary'),
    };
  }

  private pick(pool: PoolName): Backend | null {
    return this.parts.backends.pick(pool) ?? this.parts.backends.pick('prod');
  }
}
