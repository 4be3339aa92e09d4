import type { IncomingMessage } from 'node:http';

/** More headers than honest clients send. */
export const headersAtMost = 1000;

/**
 * What makes a request ambiguous or hostile, in a word; null for one that may pass. Each is something that two
 * HTTP implementations in a row have read differently, to the advantage of an attacker (RFC 9112, 11.2).
 */
export function refusal(
  request: IncomingMessage,
  bodyAtMost: number,
): { status: number; reason: string } | null {
  const { headers, httpVersionMinor, rawHeaders, url = '' } = request;
  const bad = (reason: string) => ({ status: 400, reason });
  if (url.charCodeAt(0) !== 0x2f && !(url === '*' && request.method === 'OPTIONS'))
    return bad('request-target');
  if (rawHeaders.length >= 2 * headersAtMost) return bad('too-many-headers');
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined) {
    if (httpVersionMinor === 0 || encoding.toLowerCase() !== 'chunked') return bad('transfer-encoding');
    if (headers['content-length'] !== undefined) return bad('content-length-and-transfer-encoding');
  }
  if (hasTwoHosts(rawHeaders)) return bad('two-hosts');
  if (bodyAtMost > 0 && Number(headers['content-length'] ?? 0) > bodyAtMost)
    return { status: 413, reason: 'body-too-large' };
  return null;
}

function hasTwoHosts(raw: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}
