import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import httpProxy from 'http-proxy';
import type { Backend } from './backends.js';
import { clientAddress } from './headers.js';

/** WebSockets and other upgrades, through http-proxy, with every end of the line watched for errors. */
export class Upgrades {
  private readonly proxy = httpProxy.createProxyServer();
  private readonly sockets = new Set<Duplex>();

  constructor() {
    this.proxy.on('error', (_error, _request, socket) => {
      if ('destroy' in socket) socket.destroy();
    });
    this.proxy.on('proxyReqWs', (outgoing, _request, socket) => {
      // The client may leave before the backend has answered.
      socket.once('close', () => outgoing.destroy());
      outgoing.on('error', () => socket.destroy());
    });
  }

  /** Takes an upgrade over to a backend; without one the client gets a 503. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer, backend: Backend | null): void {
    socket.on('error', () => socket.destroy());
    if (!backend) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nx-proxy-error: no-server\r\n\r\n');
      return;
    }
    this.sockets.add(socket);
    backend.inFlight += 1;
    socket.once('close', () => {
      this.sockets.delete(socket);
      backend.inFlight -= 1;
    });
    request.headers['x-forwarded-for'] = clientAddress(request);
    request.headers['x-forwarded-proto'] = 'http';
    request.headers['x-forwarded-host'] = request.headers.host ?? '';
    this.proxy.ws(request, socket, head, { target: backend.origin });
  }

  /** Upgraded sockets are no longer the server's: it would wait for them without being able to close them. */
  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
