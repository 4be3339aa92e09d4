import type { IncomingMessage } from 'node:http';

/** Headers that concern one connection only (RFC 9110, 7.6.1), and those of proxies. */
const hopByHop = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'proxy-authorization',
    'te',
    'trailer',
  ],
  ...['transfer-encoding', 'upgrade'],
]);

/** Written by us: of the client's own only the request id is taken over. */
const owned = new Set([
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
]);

/** Never removed because a Connection header names them: the request would mean something else. */
const protectedNames = new Set(['host', 'content-length', 'content-type', 'authorization', 'cookie']);

/** The request's headers for the backend, as undici takes them: names and values in turn. */
export function requestHeaders(request: IncomingMessage, clientAddress: string): string[] {
  const raw = request.rawHeaders;
  const nominated = nominatedBy(request.headers.connection);
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (hopByHop.has(name) || owned.has(name) || name === 'expect' || nominated?.has(name)) continue;
    headers.push(raw[index] ?? '', raw[index + 1] ?? '');
  }
  headers.push('x-forwarded-for', clientAddress, 'x-forwarded-proto', 'http');
  const id = request.headers['x-request-id'];
  if (typeof id === 'string') headers.push('x-request-id', id);
  if (request.headers.host !== undefined) headers.push('x-forwarded-host', request.headers.host);
  return headers;
}

/** The response's headers for the client, from undici's raw pairs. */
export function responseHeaders(raw: readonly Buffer[]): string[] {
  let nominated: ReadonlySet<string> | null = null;
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.length === 10 && raw[index]?.toString('latin1').toLowerCase() === 'connection') {
      nominated = nominatedBy(raw[index + 1]?.toString('latin1'));
    }
  }
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || nominated?.has(lower)) continue;
    headers.push(name, raw[index + 1]?.toString('latin1') ?? '');
  }
  return headers;
}

function nominatedBy(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => !protectedNames.has(name)));
}

/** Who is at the other end of the connection. */
export function clientAddress(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}
