import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Whether the request carries the operator's token, of which only the SHA-256 (hex) is known here. The token travels in
 * the Authorization header, which no page of another site can make a browser send.
 */
export function isOperator(request: Pick<IncomingMessage, 'headers'>, tokenSha256: string): boolean {
  const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!tokenSha256 || !given) return false;
  return timingSafeEqual(createHash('sha256').update(given).digest(), Buffer.from(tokenSha256, 'hex'));
}

/**
 * Whether the page may be served under this name: an address, `localhost`, or one of those configured. A name that a
 * stranger made to point here (DNS rebinding) is none of them, so that his page reads nothing.
 */
export function isOwnName(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  return /^(localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])$/.test(name) || names.includes(name);
}

/** Whether a browser says that another site's page has asked. */
export function isCrossSite({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
