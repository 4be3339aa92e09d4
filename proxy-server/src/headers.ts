import type { IncomingMessage } from 'node:http';
import { requestId } from '@coalmine/fleet/service.js';

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

/** The request's head for a server at `host`, as it goes over the wire, in latin1. */
export function requestHead(request: IncomingMessage, forwarded: Forwarded, host: string): string {
  const { headers, rawHeaders: raw } = request;
  const nominated = nominatedBy(headers.connection);
  let head = `${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1\r\n`;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (ofRequests.isDropped(name) || nominated?.has(name.toLowerCase())) continue;
    head += `${name}: ${raw[index + 1] as string}\r\n`;
  }
  if (headers.host === undefined) head += `host: ${host}\r\n`;
  if (headers['transfer-encoding'] !== undefined) head += 'transfer-encoding: chunked\r\n';
  head += `x-forwarded-for: ${forwarded.for}\r\nx-forwarded-proto: ${forwarded.proto}\r\n`;
  if (forwarded.host !== undefined) head += `x-forwarded-host: ${forwarded.host}\r\n`;
  return `${head}x-request-id: ${requestId(request)}\r\n\r\n`;
}

/** Headers, names and values in turn, but for those of these names. */
export function without(headers: readonly string[], nominated: ReadonlySet<string>): string[] {
  return headers.filter((_, index) => !nominated.has((headers[index - (index % 2)] as string).toLowerCase()));
}

/** What a Connection header declares to concern this connection alone; null for the usual nothing. */
export function nominatedBy(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => !protectedNames.has(name)));
}

/** Who is at the other end of the connection. */
export function clientAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
