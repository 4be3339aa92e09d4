import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, soon } from '@coalmine/fleet/testbed.js';
import { Redis } from 'ioredis';

const name = 'flags';
const downAfterMs = 300;

/** A primary, a replica and a Sentinel, all real: who kills the primary sees a fail-over. */
export class Sentinels {
  private readonly processes = new Map<number, ChildProcess>();

  private constructor(
    private readonly folder: string,
    readonly primary: number,
    readonly replica: number,
    readonly sentinel: number,
  ) {}

  static async start(): Promise<Sentinels> {
    const folder = await mkdtemp(join(tmpdir(), 'coalmine-sentinel-'));
    const all = new Sentinels(folder, await freePort(), await freePort(), await freePort());
    await all.redis(all.primary);
    await all.redis(all.replica, '--replicaof', '127.0.0.1', String(all.primary));
    const replicated = await all.asked(all.replica, 'INFO', (info) => info.includes('master_link_status:up'));
    const file = join(folder, 'sentinel.conf');
    await writeFile(
      file,
      [
        `port ${all.sentinel}`,
        `dir ${folder}`,
        `sentinel monitor ${name} 127.0.0.1 ${all.primary} 1`,
        `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
        `sentinel failover-timeout ${name} 5000`,
      ].join('\n'),
    );
    all.run(all.sentinel, 'redis-sentinel', file);
    const watched = await all.asked(all.sentinel, 'INFO', (info) => info.includes('slaves=1'), 15_000);
    if (replicated && watched) return all;
    await all.stop();
    throw new Error('the Sentinel does not see a primary with a replica');
  }

  get url(): string {
    return `redis+sentinel://127.0.0.1:${this.sentinel}/${name}`;
  }

  /** kill -9 of the primary. */
  killPrimary(): void {
    this.processes.get(this.primary)?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    for (const child of this.processes.values()) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  private async redis(port: number, ...more: string[]): Promise<void> {
    const folder = join(this.folder, String(port));
    await mkdir(folder);
    // A replica that the spec has just started is to be in sync at once, not after the usual five seconds.
    const quick = ['--save', '', '--repl-diskless-sync-delay', '0'];
    this.run(port, 'redis-server', '--port', String(port), '--dir', folder, ...quick, ...more);
    await this.asked(port, 'PING', (answer) => answer === 'PONG');
  }

  private run(port: number, program: string, ...parameters: string[]): void {
    this.processes.set(port, spawn(program, parameters, { stdio: 'ignore' }));
  }

  private async asked(
    port: number,
    command: string,
    content: (answer: string) => boolean,
    withinMs = 5000,
  ): Promise<boolean> {
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 });
    client.on('error', () => undefined);
    try {
      return await soon(async () => content(String(await client.call(command).catch(() => ''))), withinMs);
    } finally {
      client.disconnect();
    }
  }
}
