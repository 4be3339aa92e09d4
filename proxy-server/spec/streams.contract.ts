import { connect } from 'node:net';
import { soon } from '@coalmine/fleet/testbed.js';
import { ProxyBench } from './proxy-bench.js';

/** What is long, slow or left half-way; much of it after the list of kamal-proxy's own tests. */
describe('what flows through the proxy', () => {
  let bench: ProxyBench;
  let goOn: () => void;
  let aborted = 0;

  beforeAll(async () => {
    bench = await ProxyBench.start((request, response) => {
      request.on('aborted', () => (aborted += 1));
      if (request.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: one\n\n');
        goOn = () => response.end('data: two\n\n');
      } else if (request.url === '/slow') goOn = () => response.end('at last');
      else if (request.url === '/trailer') {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('body');
        response.addTrailers({ 'x-sum': '4' });
        response.end();
      } else request.resume().on('end', () => response.end('taken'));
    });
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.prod.seen.length = 0;
    aborted = 0;
  });

  it('comes on at once: an event is there before the next one is made', async () => {
    const answer = await fetch(`${bench.url}/events`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const text = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await text()).toBe('data: one\n\n');
    goOn();
    expect(await text()).toBe('data: two\n\n');
  });

  it('keeps a query that nobody can parse as it is', async () => {
    await bench.raw('GET /?a=%zz&;b=%&&c HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(bench.prod.seen[0]?.url).toBe('/?a=%zz&;b=%&&c');
  });

  it('is cut when a body in chunks grows too large, without a word against the server', async () => {
    const chunk = `1f4\r\n${'a'.repeat(500)}\r\n`;
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await bench.raw(`${head}${chunk}${chunk}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    const answer = await bench.raw(`${head}${chunk}${chunk}${chunk}`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*x-proxy-error: body-too-large/);
    expect(await soon(() => aborted === 1)).toBeTrue();
    expect(await bench.figure('failures_total')).toBe(0);
  });

  it('is refused when its chunks are none, and the server never takes it for whole', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await bench.raw(`${head}zz\r\nno chunk\r\n`)).not.toMatch(/^HTTP\/1\.1 200 /);
    expect(await soon(() => bench.prod.seen.every(({ complete }) => !complete))).toBeTrue();
    expect(await bench.figure('failures_total')).toBe(0);
  });

  it('is the whole body when there are trailers, and the next request is none of theirs', async () => {
    for (let count = 0; count < 3; count += 1)
      expect(await (await fetch(`${bench.url}/trailer`)).text()).toBe('body');
  });

  it('counts as the client’s doing when the client leaves', async () => {
    const before = await bench.figure('requests_total');
    const client = new AbortController();
    const answer = fetch(`${bench.url}/slow`, { signal: client.signal }).catch(() => undefined);
    await soon(() => bench.prod.seen.length === 1);
    client.abort();
    await answer;
    expect(await soon(async () => (await bench.figure('requests_total')) === before + 1)).toBeTrue();
    expect(await bench.figure('failures_total')).toBe(0);
    expect(await bench.figure('in_flight')).toBe(0);
  });

  it('ends for a client that never ends its headers', async () => {
    const drops = 'GET / HTTP/1.1\r\nHost: a\r\n';
    const began = Date.now();
    await new Promise((resolve) => {
      const socket = connect(bench.proxy.port, '127.0.0.1', () => socket.write(drops));
      const dripping = setInterval(() => socket.write('x: y\r\n'), 500);
      socket.on('error', () => undefined);
      socket.on('data', () => undefined).once('close', () => resolve(clearInterval(dripping)));
    });
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(bench.prod.seen.length).toBe(0);
  }, 30_000);

  it('is waited for when the proxy stops, and comes whole', async () => {
    const answer = fetch(`${bench.url}/slow`).then((whole) => whole.text());
    await soon(() => bench.prod.seen.length === 1);
    const stopped = bench.proxy.stop();
    setTimeout(goOn, 1000);
    expect([await answer, await stopped]).toEqual(['at last', 0]);
    await bench.startProxy();
  });

  it('does not keep a proxy that has nothing in flight', async () => {
    const began = Date.now();
    expect(await bench.proxy.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(3000);
    await bench.startProxy();
  });
});
