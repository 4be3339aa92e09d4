/** WebSockets as bytes, for specs: a server's side that says back what it hears, and a client's. */
import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { soon } from '@coalmine/fleet/testbed.js';

/** RFC 6455, 1.3 */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const key = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Takes upgrades; `asked` may do something else with one, and then says true. */
export function echo(server: Server, asked: (url: string, socket: Duplex) => boolean = () => false): void {
  server.on('upgrade', ({ url = '', headers }, socket) => {
    socket.on('error', () => undefined);
    if (asked(url, socket)) return;
    const accept = createHash('sha1')
      .update(`${headers['sec-websocket-key'] ?? ''}${guid}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
}

export class WebSocketClient {
  readonly closed: Promise<void>;
  private readonly pieces: Buffer[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined).on('data', (data) => this.pieces.push(data));
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static ask(port: number, url = '/ws'): WebSocketClient {
    const client = new WebSocketClient(connect(port, '127.0.0.1'));
    client.socket.write(
      `GET ${url} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );
    return client;
  }

  get heard(): Buffer {
    return Buffer.concat(this.pieces);
  }

  isOpen(): Promise<boolean> {
    return soon(() => this.heard.includes('101 Switching Protocols'));
  }

  /** True when what is said comes back. */
  async echoes(word: string): Promise<boolean> {
    this.socket.write(word);
    return soon(() => this.heard.toString('latin1').endsWith(word));
  }
}
