import { soon } from '@coalmine/fleet/testbed.js';
import { ProxyBench } from './proxy-bench.js';
import { echo, WebSocketClient } from './web-socket.js';

describe('a WebSocket through the proxy', () => {
  let bench: ProxyBench;
  const open = (url?: string) => WebSocketClient.ask(bench.proxy.port, url);

  beforeAll(async () => {
    bench = await ProxyBench.start((_request, response) => response.end('answer'));
    echo(bench.prod.server, (url, socket) => {
      if (url === '/never') return true;
      if (url === '/refused') socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      if (url === '/reset') socket.destroy();
      if (url === '/reset-later') setTimeout(() => socket.destroy(), 100);
      return url === '/refused' || url === '/reset';
    });
  });
  afterAll(() => bench.stop());

  it('passes bytes both ways', async () => {
    const client = open();
    expect(await client.isOpen()).toBeTrue();
    expect(await client.echoes('hello')).toBeTrue();
    expect(await bench.figure('in_flight')).toBe(1);
    client.socket.destroy();
    expect(await soon(async () => (await bench.figure('in_flight')) === 0)).toBeTrue();
  });

  it('hears the server’s own refusal', async () => {
    const client = open('/refused');
    await client.closed;
    expect(client.heard.toString()).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('may break in any phase, on either side, and nothing else does', async () => {
    open().socket.resetAndDestroy();
    const unanswered = open('/never');
    await new Promise((resolve) => setTimeout(resolve, 100));
    unanswered.socket.resetAndDestroy();
    await open('/reset').closed;
    const cut = open('/reset-later');
    expect(await cut.isOpen()).toBeTrue();
    await cut.closed;
    const inTheMiddle = open();
    expect(await inTheMiddle.isOpen()).toBeTrue();
    expect(await inTheMiddle.echoes('a'.repeat(100_000))).toBeTrue();
    inTheMiddle.socket.resetAndDestroy();
    expect(await soon(async () => (await bench.figure('in_flight')) === 0)).toBeTrue();
    expect((await fetch(bench.url)).status).toBe(200);
  });

  it('is told goodbye with a close frame when the proxy stops, which does not wait for it', async () => {
    const client = open();
    expect(await client.isOpen()).toBeTrue();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = Date.now();
    expect(await bench.proxy.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(8000);
    await client.closed;
    expect(client.heard.subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe9]));
    await bench.startProxy();
  });
});
