import type { IncomingMessage } from 'node:http';

/** Headers that concern one connection only (RFC 9110, 7.6.1), and those of proxies. */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Written by us: of the client's own only the request id is taken over. */
const owned = new Set([
  ...['x-request-id', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'expect'],
]);

/** Never removed because a Connection header names them: the request would mean something else. */
const protectedNames = new Set(['host', 'content-length', 'content-type', 'authorization', 'cookie']);

/** Who asked, and how, as the server behind is told. */
export interface Forwarded {
  for: string;
  proto: string;
  host: string | undefined;
}

/**
 * The same few names come again and again: what is to become of each is kept, by its spelling, as far as there are not
 * more of them than honest clients have.
 */
class Names {
  private readonly known = new Map<string, boolean>();

  constructor(private readonly dropped: (lower: string) => boolean) {}

  isDropped(name: string): boolean {
    let dropped = this.known.get(name);
    if (dropped === undefined) {
      dropped = this.dropped(name.toLowerCase());
      if (this.known.size < 1000) this.known.set(name, dropped);
    }
    return dropped;
  }
}

const ofRequests = new Names((name) => hopByHop.has(name) || owned.has(name));
const ofResponses = new Names((name) => hopByHop.has(name));

/** The request's headers for the backend, as undici takes them: names and values in turn. */
export function requestHeaders(request: IncomingMessage, forwarded: Forwarded): string[] {
  const raw = request.rawHeaders;
  const nominated = nominatedBy(request.headers.connection);
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (ofRequests.isDropped(name) || nominated?.has(name.toLowerCase())) continue;
    headers.push(name, raw[index + 1] as string);
  }
  headers.push('x-forwarded-for', forwarded.for, 'x-forwarded-proto', forwarded.proto);
  const id = request.headers['x-request-id'];
  if (typeof id === 'string') headers.push('x-request-id', id);
  if (forwarded.host !== undefined) headers.push('x-forwarded-host', forwarded.host);
  return headers;
}

/** The response's headers for the client, from undici's raw pairs. */
export function responseHeaders(raw: readonly Buffer[]): string[] {
  const headers: string[] = [];
  let connection: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as Buffer).toString('latin1');
    if (ofResponses.isDropped(name)) {
      if (name.length === 10) connection = (raw[index + 1] as Buffer).toString('latin1');
      continue;
    }
    headers.push(name, (raw[index + 1] as Buffer).toString('latin1'));
  }
  const nominated = nominatedBy(connection);
  return nominated ? without(headers, nominated) : headers;
}

function without(headers: readonly string[], nominated: ReadonlySet<string>): string[] {
  return headers.filter((_, index) => !nominated.has((headers[index - (index % 2)] as string).toLowerCase()));
}

function nominatedBy(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => !protectedNames.has(name)));
}

/** Who is at the other end of the connection. */
export function clientAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
