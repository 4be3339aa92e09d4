import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusal } from './admission.js';
import type { Backend, Backends, PoolName } from './backends.js';
import type { Decisions } from './decisions.js';
import { Exchange, refuse, type Outcome } from './exchange.js';
import type { Peers } from './peers.js';
import type { RetryBudget } from './retry.js';

export interface ProxyParts {
  backends: Backends;
  decisions: Decisions;
  peers: Peers;
  budget: RetryBudget;
  /** Bytes; 0: as large as they come. */
  bodyAtMost: number;
  onOutcome: (outcome: Outcome) => void;
}

/** One request's way: may it pass, which pool, which server, there and back. */
export class Proxy {
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
    const { pool, setCookie } = parts.decisions.decide(request.headers, forwarded.proto === 'https');
    parts.budget.count();
    new Exchange(request, response, {
      // What failed on the canary is tried on production, never the other way round.
      pick: (failed) => (failed ? parts.backends.pick('prod', failed) : this.pick(pool)),
      forwarded,
      budget: parts.budget,
      bodyAtMost: parts.bodyAtMost,
      onOutcome: parts.onOutcome,
      setCookie,
    }).attempt();
  }

  /** The server for an upgrade, by the same rule as for requests. */
  pickFor(request: IncomingMessage): Backend | null {
    return this.pick(this.parts.decisions.decide(request.headers).pool);
  }

  private pick(pool: PoolName): Backend | null {
    return this.parts.backends.pick(pool) ?? this.parts.backends.pick('prod');
  }
}
