import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Pool } from '@coalmine/fleet/keys.js';
import type { Member } from '@coalmine/fleet/members.js';

/** A server behind the proxy. */
export class Behind {
  readonly seen: IncomingMessage[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  static async start(
    listener: RequestListener = (_request, response) => response.end('answer'),
    port = 0,
  ): Promise<Behind> {
    const server = createServer((incoming, response) => {
      if (incoming.url === '/healthz') {
        response.end('{}');
        return;
      }
      behind.seen.push(incoming);
      listener(incoming, response);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const behind = new Behind(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => {
      behind.sockets.add(socket);
      socket.once('close', () => behind.sockets.delete(socket));
    });
    return behind;
  }

  member(pool: Pool, state: Member['state'] = 'in'): Member {
    return { pool, address: '127.0.0.1', port: this.port, state, release: null };
  }

  /** As a kill -9: the port is closed and every connection with it. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
