import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { soon } from '@coalmine/fleet/testbed.js';
import type { AnswerHead } from '../src/upstream/answer-head.js';
import type { Asker } from '../src/upstream/connection.js';
import { Connections } from '../src/upstream/connections.js';

/** Keeps what it is told. */
class Client implements Asker {
  head: AnswerHead | null = null;
  body = '';
  isSent = false;
  error: NodeJS.ErrnoException | null = null;
  readonly done: Promise<this>;
  private settle!: () => void;

  constructor(private readonly isSlow = false) {
    this.done = new Promise((resolve) => (this.settle = () => resolve(this)));
  }
  onSent(): void {
    this.isSent = true;
  }
  onAnswer(head: AnswerHead, body: string): void {
    this.head = head;
    this.body = body;
    this.settle();
  }
  onHead(head: AnswerHead): void {
    this.head = head;
  }
  onBody(data: Buffer): boolean {
    this.body += data.toString('latin1');
    return !this.isSlow;
  }
  onEnd(): void {
    this.settle();
  }
  onError(error: NodeJS.ErrnoException): void {
    this.error = error;
    this.settle();
  }
}

const short = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Against a server that speaks bytes, as no well-behaved one would. */
describe('the connections to a server', () => {
  let server: Server;
  let sockets: Socket[];
  let connections: Connections;
  let reply: (socket: Socket, asked: string) => void;
  const times = { connectMs: 300, answerMs: 150, bodyMs: 300, clientMs: 200 };
  const ask = (client = new Client(), isHead = false): Client => {
    connections.ask({ head: 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', isHead, body: null, bodyAtMost: 0 }, client);
    return client;
  };
  const answered = async (text: string, isHead = false): Promise<Client> => {
    reply = (socket) => socket.write(text);
    return ask(undefined, isHead).done;
  };

  beforeEach(async () => {
    sockets = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => reply(socket, data.toString('latin1')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    connections = new Connections('127.0.0.1', (server.address() as AddressInfo).port, 2, times);
  });

  afterEach(() => {
    connections.retire();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('are used again', async () => {
    for (let turn = 0; turn < 5; turn += 1) expect((await answered(short)).body).toBe('ok');
    expect(sockets.length).toBe(1);
  });

  it('are no more than so many: who comes later waits for a turn', async () => {
    reply = (socket) => setTimeout(() => socket.write(short), 20);
    const clients = Array.from({ length: 9 }, () => ask());
    await Promise.all(clients.map(({ done }) => done));
    expect(clients.map(({ body }) => body)).toEqual(Array<string>(9).fill('ok'));
    expect(sockets.length).toBe(2);
  });

  it('are not used again after a word too much', async () => {
    await answered(`${short}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    expect((await answered(short)).body).toBe('ok');
    await answered(short);
    sockets.at(-1)?.write('HTTP/1.1 408 Request Timeout\r\n\r\n');
    await soon(() => sockets.at(-1)?.destroyed === true);
    expect((await answered(short)).head?.status).toBe(200);
    expect(sockets.length).toBe(3);
  });

  it('skip what is said before the answer', async () => {
    const { head, body } = await answered(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${short}`,
    );
    expect([head?.status, body]).toEqual([200, 'ok']);
  });

  it('take an answer byte by byte', async () => {
    const bytes =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x\r\n ok\r\n0\r\nt: 1\r\n\r\n';
    reply = async (socket) => {
      socket.setNoDelay(true);
      for (const byte of bytes)
        await new Promise((resolve) => socket.write(byte, () => setImmediate(resolve)));
    };
    expect((await ask().done).body).toBe('ok ok');
    expect((await answered(short)).body).toBe('ok');
    expect(sockets.length).toBe(1);
  });

  it('take a body that ends with the connection', async () => {
    reply = (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
    const { body, error } = await ask().done;
    expect([body, error]).toEqual(['all of it', null]);
  });

  it('expect no body after HEAD', async () => {
    await answered('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n', true);
    expect((await answered(short)).body).toBe('ok');
    expect(sockets.length).toBe(1);
  });

  for (const [what, text] of [
    ['half a head', 'HTTP/1.1 200 OK\r\nConte'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'],
    ['half a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'],
    ['nothing', ''],
  ] as const) {
    it(`tell of a server that closes after ${what}`, async () => {
      reply = (socket) => socket.end(text);
      expect((await ask().done).error?.code).toBe('ECONNRESET');
    });
  }

  it('tell of a server that is silent, of one that stops half-way, and of one that is not there', async () => {
    reply = () => undefined;
    const silent = await ask().done;
    expect([silent.isSent, silent.error?.code]).toEqual([true, 'timeout']);
    expect((await answered('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')).error?.code).toBe('timeout');
    server.close();
    for (const socket of sockets) socket.destroy();
    const nobody = await ask().done;
    expect([nobody.isSent, nobody.error?.code]).toEqual([false, 'ECONNREFUSED']);
  });

  it('refuse what nobody asked for: an upgrade, an endless head', async () => {
    expect((await answered('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n')).error?.code).toBe(
      'bad-answer',
    );
    expect((await answered(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}`)).error?.code).toBe('bad-answer');
  });

  it('let a slow client wait, and go on when it is ready', async () => {
    const size = 3_000_000;
    reply = (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size)}`);
    const client = ask(new Client(true));
    await soon(() => client.body.length > 0);
    const before = client.body.length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(client.body.length).toBe(before);
    expect(client.error).toBeNull();
    const going = setInterval(() => connections.resume(client), 1);
    await client.done;
    clearInterval(going);
    expect(client.body.length).toBe(size);
  });

  it('count a server silent from when a slow client is ready, not from when it began to wait', async () => {
    let finish = (): unknown => undefined;
    reply = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      finish = () => socket.write(' more');
    };
    const client = ask(new Client(true));
    await soon(() => client.body.length > 0);
    await new Promise((resolve) => setTimeout(resolve, times.bodyMs + 2 * times.answerMs - 50));
    connections.resume(client);
    setTimeout(finish, 100);
    const { body, error } = await client.done;
    expect([body, error]).toEqual(['half more', null]);
  });

  it('wait for a client as long as its body moves, and then say that it was the client', async () => {
    let heard = '';
    reply = (_socket, asked) => (heard += asked);
    const client = new Client();
    const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n';
    const front = createHttpServer((request) =>
      connections.ask({ head, isHead: false, body: request, bodyAtMost: 0 }, client),
    );
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const sender = connect((front.address() as AddressInfo).port, '127.0.0.1', () => sender.write(head));
    for (let count = 0; count < 6; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 170));
      sender.write('x');
    }
    expect((await client.done).error?.code).toBe('client-timeout');
    expect(heard).toMatch(/\r\n\r\nx{6}$/);
    sender.destroy();
    front.close();
  });

  it('forget who has left, in the queue and on the wire', async () => {
    reply = () => undefined;
    const clients = [ask(), ask(), ask()];
    await soon(() => clients[1]?.isSent === true);
    for (const client of clients.toReversed()) connections.abort(client);
    expect((await answered(short)).body).toBe('ok');
    expect(clients.map(({ head, error }) => head ?? error)).toEqual([null, null, null]);
  });

  it('close when they are not needed any more: at rest at once, at work when that is done', async () => {
    await answered(short);
    reply = (socket) => setTimeout(() => socket.write(short), 50);
    const [busy, other] = [ask(), ask()];
    await soon(() => other.isSent);
    connections.retire();
    expect([(await busy.done).body, (await other.done).body]).toEqual(['ok', 'ok']);
    expect(
      await soon(() => sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded)),
    ).toBeTrue();
  });
});
