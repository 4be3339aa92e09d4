import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

const idleGraceMs = 500;
const sweepEveryMs = 20;

/** How a server stops without dropping a request: it knows what is in flight, and lets that end. */
export class Drain {
  /**
   * By connection, the answer that it waits for; null while it is idle. A Set of answers, to which every request adds and
   * from which it deletes, would be rebuilt again and again, and V8's old tables keep alive what was in them.
   */
  private readonly awaited = new Map<Socket, ServerResponse | null>();
  private readonly upgraded = new Set<Duplex>();
  private begun = false;

  constructor(
    private readonly server: Server,
    private readonly log: Logger,
  ) {}

  get stopping(): boolean {
    return this.begun;
  }

  /** A request has begun. While stopping, its answer is the last one on its connection. */
  admit({ socket }: IncomingMessage, response: ServerResponse): void {
    if (!this.awaited.has(socket)) socket.once('close', () => this.awaited.delete(socket));
    this.awaited.set(socket, response);
    response.on('close', () => {
      if (this.awaited.get(socket) === response) this.awaited.set(socket, null);
    });
    if (this.begun) response.shouldKeepAlive = false;
  }

  /** A connection has left HTTP: the server waits for it when closing, but can no longer close it by itself. */
  admitUpgraded(socket: Duplex): void {
    this.upgraded.add(socket);
    socket.once('close', () => this.upgraded.delete(socket));
  }

  /**
   * For a moment's grace goes on as before, but each answer is the last one on its connection: a client that keeps one
   * open hears so with its next request, instead of finding it closed under a request that it is sending just then.
   * Then stops accepting, closes idle and upgraded connections, and after the deadline the rest. (`http.Server.close`
   * would close the idle ones first, so the socket alone is closed.) `endUpgraded` ends the upgraded ones in its own
   * way; what is left of them at the deadline is cut.
   */
  async run(deadlineMs: number, endUpgraded?: () => void): Promise<void> {
    this.begun = true;
    for (const response of this.inFlight()) response.shouldKeepAlive = false;
    const deadline = setTimeout(() => {
      this.log.warn({ deadlineMs, requests: this.inFlight().length }, 'cut at the deadline');
      for (const socket of this.upgraded) socket.destroy();
      this.server.closeAllConnections();
    }, deadlineMs);
    if (await this.hasConnections()) await sleep(Math.min(idleGraceMs, deadlineMs));
    const closed = new Promise<void>((resolve) =>
      NetServer.prototype.close.call(this.server, () => resolve()),
    );
    if (endUpgraded) endUpgraded();
    else for (const socket of this.upgraded) socket.destroy();
    this.server.closeIdleConnections();
    const sweep = setInterval(() => this.server.closeIdleConnections(), sweepEveryMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  }

  private inFlight(): ServerResponse[] {
    return [...this.awaited.values()].filter((response) => response !== null);
  }

  private hasConnections(): Promise<boolean> {
    return new Promise((resolve) =>
      this.server.getConnections((error, count) => resolve(error !== null || count > 0)),
    );
  }
}
