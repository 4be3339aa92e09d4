/** What specs of the Node engine share: one production server behind it, a Redis, the engine as a process. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFleet } from '@coalmine/fleet/members.js';
import { freePort, soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { Behind } from './behind.js';

const main = join(import.meta.dirname, '../src/main.js');

export class ProxyBench {
  prod!: Behind;
  redis!: TestRedis;
  writer!: Redis;
  proxy!: TestService;
  private folder = '';
  private operationsPort = 0;

  static async start(listener: RequestListener): Promise<ProxyBench> {
    const bench = new ProxyBench();
    bench.folder = await mkdtemp(join(tmpdir(), 'coalmine-proxy-'));
    bench.redis = await TestRedis.start();
    bench.writer = bench.redis.client();
    bench.prod = await Behind.start(listener);
    await writeFleet(bench.writer, { 'prod-1': bench.prod.member('prod') });
    await bench.startProxy();
    return bench;
  }

  async startProxy(): Promise<void> {
    this.operationsPort = await freePort();
    this.proxy = await TestService.start(main, {
      REDIS_URL: this.redis.url,
      OPERATIONS_PORT: String(this.operationsPort),
      STATE_FILE: join(this.folder, 'state.json'),
      COOKIE_SECRET: 'a secret of some length',
      BODY_AT_MOST: '1000',
    });
    await soon(async () => (await fetch(`${this.operations}/healthz`)).ok);
    await soon(async () => (await this.figure('server_up')) === 1);
  }

  get url(): string {
    return this.proxy.url;
  }

  get operations(): string {
    return `http://127.0.0.1:${this.operationsPort}`;
  }

  /** Production's number in the proxy's metrics, added up over its other labels. */
  async figure(name: string): Promise<number> {
    const text = await (await fetch(`${this.operations}/metrics`)).text();
    return [...text.matchAll(/^coalmine_proxy_(\w+)\{([^}]*)\} (\S+)$/gm)]
      .filter(([, found, labels]) => found === name && labels?.includes('server="prod-1"'))
      .reduce((sum, [, , , value]) => sum + Number(value), 0);
  }

  /** Sends bytes as they are; all that comes back until the other side closes, or says nothing for a while. */
  raw(bytes: string, quietMs = 400): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(this.proxy.port, '127.0.0.1', () => socket.write(bytes));
      let heard = '';
      socket.setTimeout(quietMs, () => socket.destroy());
      socket.on('data', (data) => (heard += data.toString('latin1')));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(heard));
    });
  }

  async stop(): Promise<void> {
    await this.proxy.stop('SIGKILL');
    this.writer.disconnect();
    await Promise.all([this.prod.kill(), this.redis.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
