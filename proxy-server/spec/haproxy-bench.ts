/** What the specs of the HAProxy engine share: servers behind it, a Redis, and the engine as a process. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFleet } from '@coalmine/fleet/members.js';
import { freePort, soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { AdminSocket } from '../src/haproxy/admin-socket.js';
import { Behind } from './behind.js';

export const secret = 'a secret of some length';
const main = join(import.meta.dirname, '../src/main.js');

/** The HAProxy engine with a Redis, one production server and one canary. */
export class HaproxyBench {
  prod!: Behind;
  canary!: Behind;
  redis!: TestRedis;
  writer!: Redis;
  proxy!: TestService;
  operations = '';
  private folder = '';
  private port = 0;

  static async start(environment: Record<string, string> = {}): Promise<HaproxyBench> {
    const bench = new HaproxyBench();
    bench.folder = await mkdtemp(join(tmpdir(), 'coalmine-haproxy-'));
    bench.redis = await TestRedis.start();
    bench.writer = bench.redis.client();
    bench.prod = await Behind.start();
    bench.canary = await Behind.start();
    bench.port = await freePort();
    await writeFleet(bench.writer, {
      'prod-1': bench.prod.member('prod'),
      'canary-1': bench.canary.member('canary'),
    });
    await bench.startProxy(environment);
    return bench;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get number(): number {
    return this.port;
  }

  async startProxy(environment: Record<string, string> = {}): Promise<void> {
    const operationsPort = await freePort();
    this.operations = `http://127.0.0.1:${operationsPort}`;
    this.proxy = await TestService.start(main, this.environment(operationsPort, environment));
    await soon(async () => (await this.show('show servers state')).includes(' canary-1 '));
  }

  /** As systemd: holds the listening socket, and starts the controller again whenever it ends. */
  holdSocket(): { controller: () => Promise<number>; end: () => Promise<void> } {
    const pidFile = join(this.folder, 'pid');
    const settings = Object.entries(this.environment(Number(new URL(this.operations).port)));
    const once = 'echo $$ > "$0"; export LISTEN_PID=$$; exec "$@"';
    const again = 'while [ ! -e "$0.end" ]; do sh -c "$ONCE" "$0" "$@"; done';
    const holder = spawn(
      'systemd-socket-activate',
      [
        `--listen=127.0.0.1:${this.port}`,
        ...[...settings, ['ONCE', once]].map(([name, value]) => `--setenv=${name}=${value}`),
        ...['sh', '-c', again, pidFile, process.execPath, main],
      ],
      { stdio: 'ignore' },
    );
    const controller = async (): Promise<number> => Number(await readFile(pidFile, 'utf8'));
    return {
      controller,
      end: async () => {
        await writeFile(`${pidFile}.end`, '');
        const ended = new Promise((resolve) => holder.once('exit', resolve));
        process.kill(await controller(), 'SIGTERM');
        await ended;
      },
    };
  }

  private environment(operationsPort: number, more: Record<string, string> = {}): Record<string, string> {
    return {
      PROXY_ENGINE: 'haproxy',
      REDIS_URL: this.redis.url,
      PORT: String(this.port),
      HOST: '127.0.0.1',
      OPERATIONS_PORT: String(operationsPort),
      STATE_FILE: join(this.folder, 'state.json'),
      COOKIE_SECRET: secret,
      COALMINE_HOST: 'proxy-1',
      ...more,
    };
  }

  /** What HAProxy itself says. */
  async show(command: string): Promise<string> {
    const admin = await AdminSocket.open(join(this.folder, 'haproxy/admin.sock'), () => undefined);
    try {
      return await admin.ask(command);
    } finally {
      admin.close();
    }
  }

  async haproxyPid(): Promise<number> {
    return Number(/^Pid: (\d+)/m.exec(await this.show('show info'))?.[1]);
  }

  /** How many of `count` requests each server answered; `-` for an answer of nobody's. */
  async whoAnswers(count: number, headers: Record<string, string> = {}): Promise<Record<string, number>> {
    const answered: Record<string, number> = {};
    for (let sent = 0; sent < count; sent += 1) {
      const answer = await fetch(this.url, { headers });
      await answer.text();
      const name = answer.headers.get('x-served-by') ?? '-';
      answered[name] = (answered[name] ?? 0) + 1;
    }
    return answered;
  }

  async stop(): Promise<void> {
    const pid = await this.haproxyPid().catch(() => 0);
    await this.proxy.stop('SIGKILL');
    if (pid > 0) process.kill(pid, 'SIGKILL');
    this.writer.disconnect();
    await Promise.all([this.prod.kill(), this.canary.kill(), this.redis.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
