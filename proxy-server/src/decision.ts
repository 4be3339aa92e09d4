import type { IncomingHttpHeaders } from 'node:http';
import { cookieIn, type BucketCookie } from './bucket.js';
import { bucketOf, choosePool, type Split } from './choose.js';

/** How users are told apart, and who asks for the canary. */
export interface Splitting {
  /** false: every request is drawn by itself, whoever asks. */
  sticky: boolean;
  /** A header whose value is the user's key, before any cookie; empty: none. */
  keyHeader: string;
}

export interface Decision {
  pool: 'prod' | 'canary';
  key: string | null;
  /** In words, for whoever asks why. */
  because: 'allowed' | 'drawn' | 'bucket' | 'alert' | 'no canary';
  /** To hand out with the answer, for a browser that has no bucket yet. */
  setCookie?: string;
}

/** The header and the cookie by which a tester asks for the canary, with a name that `coalmine canary allow` knows. */
export const testerName = 'coalmine-canary';

/** Which pool a request goes to. Everything is at hand: nothing is waited for. */
export function decide(
  headers: IncomingHttpHeaders,
  split: Split,
  allowed: ReadonlySet<string>,
  cookie: BucketCookie,
  { sticky, keyHeader }: Splitting,
  secure = false,
): Decision {
  const named = keyHeader === '' ? undefined : headers[keyHeader];
  let key = sticky ? (typeof named === 'string' ? named : cookie.read(headers.cookie)) : null;
  let setCookie: string | undefined;
  if (sticky && key === null && headers.accept?.includes('text/html') === true) {
    ({ key, header: setCookie } = cookie.issue(secure));
  }
  const handedOut = setCookie === undefined ? {} : { setCookie };
  if (split.alert) return { pool: 'prod', key, because: 'alert', ...handedOut };
  if (!split.canaryUsable) return { pool: 'prod', key, because: 'no canary', ...handedOut };
  if (allowed.size > 0 && asksForCanary(headers, key, allowed))
    return { pool: 'canary', key, because: 'allowed', ...handedOut };
  const pool = choosePool(split, key);
  return { pool, key, because: key === null ? 'drawn' : 'bucket', ...handedOut };
}

/** The decision as a person wants to read it. */
export function explain({ pool, key, because }: Decision, split: Split): string {
  const weight = `${split.weight / 100} %`;
  switch (because) {
    case 'alert':
      return 'production: an alert on the canary sends everybody there';
    case 'no canary':
      return 'production: no canary server is healthy';
    case 'allowed':
      return 'the canary: this tester is on the allow-list';
    case 'drawn':
      return `drawn by itself at every request, with ${weight} for the canary: this time ${pool}`;
    case 'bucket':
      return `${pool}: the key's bucket is ${bucketOf(key ?? '', split.salt)} of 10000, and the canary has those below ${split.weight} (${weight})`;
  }
}

function asksForCanary(
  headers: IncomingHttpHeaders,
  key: string | null,
  allowed: ReadonlySet<string>,
): boolean {
  if (key !== null && allowed.has(key)) return true;
  const header = headers[testerName];
  if (typeof header === 'string' && allowed.has(header)) return true;
  const cookie = cookieIn(headers.cookie, testerName);
  return cookie !== null && allowed.has(cookie);
}
