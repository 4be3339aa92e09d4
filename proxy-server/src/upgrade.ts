import { ServerResponse, type IncomingMessage, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import httpProxy from 'http-proxy';
import type { Backend } from './backends.js';
import type { Forwarded } from './headers.js';

/** 1001 "going away" (RFC 6455, 7.4.1), as a server sends it: unmasked. */
const closeFrame = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
/** After so long without a byte from the server behind, what was sent before was a whole frame. */
const quietMs = 50;
const closeAtMostMs = 3000;

/** WebSockets, through http-proxy, with every end of the line watched for errors. */
export class Upgrades {
  private readonly proxy = httpProxy.createProxyServer();
  /** Of each open connection, when the server behind sent its last byte. */
  private readonly heard = new Map<Duplex, number>();

  constructor() {
    this.proxy.on('error', (_error, _request, socket) => {
      if ('destroy' in socket) socket.destroy();
    });
    this.proxy.on('proxyReqWs', (outgoing, _request, socket) => {
      // The client may leave before the backend has answered.
      socket.once('close', () => outgoing.destroy());
      outgoing.on('error', () => socket.destroy());
      outgoing.once('upgrade', (_answer, behind: Socket) => {
        behind.on('error', () => socket.destroy());
        behind.on('data', () => this.heard.set(socket, performance.now()));
      });
    });
  }

  /** Takes an upgrade over to a backend; without one the client gets a 503. */
  take(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    backend: Backend | null,
    forwarded: Forwarded,
  ): void {
    socket.on('error', () => socket.destroy());
    if (!backend) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nx-proxy-error: no-server\r\n\r\n');
      return;
    }
    this.heard.set(socket, performance.now());
    backend.inFlight += 1;
    socket.once('close', () => {
      this.heard.delete(socket);
      backend.inFlight -= 1;
    });
    request.headers['x-forwarded-for'] = forwarded.for;
    request.headers['x-forwarded-proto'] = forwarded.proto;
    request.headers['x-forwarded-host'] = forwarded.host ?? '';
    this.proxy.ws(request, socket, head, { target: backend.origin });
  }

  /** Says goodbye to all: with a close frame where the line is quiet, then by closing. */
  close(): void {
    const now = performance.now();
    for (const [socket, heardAt] of this.heard) {
      if (now - heardAt >= quietMs) socket.write(closeFrame);
      setTimeout(() => socket.destroy(), socket.writable ? closeAtMostMs : 0).unref();
      socket.end();
    }
  }
}

/** True for what node:http takes for an upgrade and really is one that we know. */
export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Serves a request that wants to upgrade to something else (h2c) as what it is without that, as RFC 9110 (7.8) allows.
 * node:http has let go of the connection, so it is the last one on it; and it can have no body.
 */
export function serveAsPlain(request: IncomingMessage, socket: Socket, handler: RequestListener): void {
  socket.on('error', () => socket.destroy());
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\nx-proxy-error: upgrade-with-body\r\n\r\n');
    return;
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  handler(request, response as Parameters<RequestListener>[1]);
}
