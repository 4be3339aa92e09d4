import { setTimeout as sleep } from 'node:timers/promises';
import { writeFleet } from '@coalmine/fleet/members.js';
import { beginRollout, writeRollout } from '@coalmine/fleet/rollout.js';
import { soon } from '@coalmine/fleet/testbed.js';
import { Pool } from 'undici';
import { Behind } from './behind.js';
import { HaproxyBench } from './haproxy-bench.js';
import { echo, WebSocketClient } from './web-socket.js';

/** Clients that ask without a pause, and what they were told. */
class Load {
  readonly told: (number | string)[] = [];
  private going = true;
  private readonly clients: Promise<void>[];
  private readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool(url, { connections: 4 });
    this.clients = Array.from({ length: 4 }, async () => {
      while (this.going) {
        const told = await this.pool.request({ path: '/', method: 'GET' }).then(
          async ({ statusCode, body }) => (await body.dump(), statusCode),
          (error: NodeJS.ErrnoException) => error.code ?? error.message,
        );
        this.told.push(told);
        await sleep(1);
      }
    });
  }

  get bad(): (number | string)[] {
    return this.told.filter((told) => told !== 200);
  }

  async end(): Promise<void> {
    this.going = false;
    await Promise.all(this.clients);
    await this.pool.close();
  }
}

describe('the life of the HAProxy engine', () => {
  let bench: HaproxyBench;
  const ask = async () => (await fetch(bench.url)).headers.get('x-served-by');

  beforeEach(async () => {
    bench = await HaproxyBench.start();
    await writeRollout(bench.writer, beginRollout('release', 0, 'a spec'));
    await soon(async () => (await ask()) === 'prod-1');
  });
  afterEach(() => bench.stop());

  it('serves on when its controller is killed, and the next one takes HAProxy over as it is', async () => {
    const pid = await bench.haproxyPid();
    const load = new Load(bench.url);
    await bench.proxy.stop('SIGKILL');
    await writeRollout(bench.writer, beginRollout('release', 10_000, 'changed meanwhile'));
    const second = await Behind.start();
    await writeFleet(bench.writer, { 'canary-1': null, 'canary-2': second.member('canary') });
    await sleep(300);
    await bench.startProxy();
    expect(await soon(async () => (await ask()) === 'canary-2')).toBeTrue();
    await load.end();
    expect(await bench.haproxyPid()).toBe(pid);
    expect(load.bad).toEqual([]);
    expect(load.told.length).toBeGreaterThan(100);
    await second.kill();
  });

  it('has HAProxy back at once when that is killed, with all its servers and the weight', async () => {
    await writeRollout(bench.writer, beginRollout('release', 10_000, 'a spec'));
    await soon(async () => (await ask()) === 'canary-1');
    const pid = await bench.haproxyPid();
    process.kill(pid, 'SIGKILL');
    expect(await soon(async () => (await ask().catch(() => null)) === 'canary-1')).toBeTrue();
    expect(await bench.haproxyPid()).not.toBe(pid);
  });

  it('starts without Redis from its last state', async () => {
    await bench.redis.kill();
    expect(await bench.proxy.stop()).toBe(0);
    await bench.startProxy();
    expect(await ask()).toBe('prod-1');
    await bench.redis.resume();
  });

  it('ends its requests when it is told to stop', async () => {
    let release: () => void = () => undefined;
    await bench.prod.kill();
    bench.prod = await Behind.start((_request, response) => {
      release = () => response.end('late');
    });
    await writeFleet(bench.writer, { 'prod-1': bench.prod.member('prod') });
    const pid = await bench.haproxyPid();
    await soon(async () => (await bench.show('show servers state')).includes(` ${bench.prod.port} `));
    await sleep(300);
    const answer = fetch(bench.url);
    await soon(() => bench.prod.seen.length > 0);
    const stopped = bench.proxy.stop();
    await sleep(300);
    release();
    expect(await (await answer).text()).toBe('late');
    expect(await stopped).toBe(0);
    expect(await soon(() => !isAlive(pid))).toBeTrue();
  });

  it('drops nothing when it is replaced on a socket that systemd holds, nor when HAProxy is killed there', async () => {
    await bench.proxy.stop();
    const held = bench.holdSocket();
    try {
      expect(await soon(async () => (await ask().catch(() => null)) === 'prod-1')).toBeTrue();
      const pid = await bench.haproxyPid();
      const load = new Load(bench.url);
      await sleep(200);
      process.kill(await held.controller(), 'SIGTERM');
      expect(await soon(async () => (await bench.haproxyPid().catch(() => pid)) !== pid)).toBeTrue();
      await sleep(200);
      expect(load.bad).toEqual([]);
      process.kill(await bench.haproxyPid(), 'SIGKILL');
      await sleep(500);
      await load.end();
      expect(load.bad).not.toContain('ECONNREFUSED');
      expect(load.bad.length).toBeLessThan(5);
      expect(load.told.at(-1)).toBe(200);
    } finally {
      await held.end();
    }
  });

  it('passes WebSockets, and survives a client that resets in the middle', async () => {
    echo(bench.prod.server);
    const client = WebSocketClient.ask(bench.number);
    expect(await client.isOpen()).toBeTrue();
    expect(await client.echoes('hello')).toBeTrue();
    client.socket.resetAndDestroy();
    WebSocketClient.ask(bench.number).socket.resetAndDestroy();
    expect(await ask()).toBe('prod-1');
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
