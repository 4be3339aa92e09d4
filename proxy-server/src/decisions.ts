import type { IncomingHttpHeaders } from 'node:http';
import type { BucketCookie } from './bucket.js';
import type { Split } from './choose.js';
import { decide, explain, type Decision, type Splitting } from './decision.js';
import type { ProxyState } from './state-file.js';

export interface DecisionsParts {
  cookie: BucketCookie;
  splitting: Splitting;
  state: () => ProxyState;
  /** Share of the canary before any rollout was announced, in 1/100 %. */
  defaultWeight: number;
  canaryUsable: () => boolean;
}

/** The decision as the state of the moment wants it. */
export class Decisions {
  /** Of the state that was seen last: requests compare, and only a new state is taken apart. */
  private seen: ProxyState | null = null;
  private allowed: ReadonlySet<string> = new Set();

  constructor(private readonly parts: DecisionsParts) {}

  /** Which pool a request with these headers goes to. `secure`: it came by TLS, and so does its cookie. */
  decide(headers: IncomingHttpHeaders, secure = false): Decision {
    const { cookie, splitting, state } = this.parts;
    const now = state();
    if (now !== this.seen) {
      this.seen = now;
      this.allowed = allowedBy(now);
    }
    return decide(headers, this.split(), this.allowed, cookie, splitting, secure);
  }

  /** The same with its reasons, for whoever asks why. */
  explain(headers: IncomingHttpHeaders): Decision & { why: string; weight: number } {
    const decision = this.decide(headers);
    const split = this.split();
    return { ...decision, weight: split.weight, why: explain(decision, split) };
  }

  private split(): Split {
    const { state, defaultWeight, canaryUsable } = this.parts;
    const { rollout, alert } = state();
    return {
      weight: rollout?.weight ?? defaultWeight,
      salt: rollout?.id ?? '',
      alert,
      canaryUsable: canaryUsable(),
    };
  }
}

/** All who always get the canary: those of this rollout, and those of every rollout. */
export function allowedBy({ rollout, allow }: Pick<ProxyState, 'rollout' | 'allow'>): ReadonlySet<string> {
  return new Set([...(rollout?.allow ?? []), ...allow]);
}
