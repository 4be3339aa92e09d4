/** What specs need of the real world: a Redis, a service's process, a free port. Not for production code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A real redis-server on a free port, with its files in a folder of its own. */
export class TestRedis {
  private process: ChildProcess | null = null;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: readonly string[],
  ) {}

  /** With more options for redis-server, such as `--aclfile`. */
  static async start(options: readonly string[] = []): Promise<TestRedis> {
    const folder = await mkdtemp(join(tmpdir(), 'coalmine-redis-'));
    const redis = new TestRedis(await freePort(), folder, options);
    await redis.resume();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** A client for the spec itself. */
  client(): Redis {
    const client = new Redis(this.url, { retryStrategy: () => 50 });
    client.on('error', () => undefined);
    return client;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await ended(this.process, 'SIGKILL');
    this.process = null;
  }

  /** Starts it again, with what was written before. */
  async resume(): Promise<void> {
    this.process = spawn(
      'redis-server',
      [
        '--port',
        String(this.port),
        '--bind',
        '127.0.0.1',
        '--dir',
        this.folder,
        '--appendonly',
        'yes',
        '--save',
        '',
        ...this.options,
      ],
      { stdio: 'ignore' },
    );
    const probe = this.client();
    try {
      for (let tries = 0; tries < 200; tries += 1) {
        if ((await probe.ping().catch(() => '')) === 'PONG') return;
        await sleep(25);
      }
      throw new Error(`redis-server does not answer on port ${this.port}`);
    } finally {
      probe.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A service as a process of its own, as systemd runs it. */
export class TestService {
  private constructor(
    readonly port: number,
    readonly process: ChildProcess,
    /** Everything that it has said. */
    readonly output: string[],
  ) {}

  /** Starts a compiled `main.js` on a free port and waits until it listens. */
  static async start(main: string, environment: Record<string, string>): Promise<TestService> {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'coalmine-service-'));
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, TMPDIR: folder, PORT: String(port), HOST: '127.0.0.1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.once('exit', () => void rm(folder, { recursive: true, force: true }));
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => output.push(data.toString()));
    for (let tries = 0; tries < 800 && child.exitCode === null; tries += 1) {
      if (output.join('').includes('is listening')) return new TestService(port, child, output);
      await sleep(25);
    }
    child.kill('SIGKILL');
    throw new Error(`${main} did not start:\n${output.join('')}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return ended(this.process, signal);
  }
}

async function ended(child: ChildProcess | null, signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}

/** Waits for something to become true. Returns whether it did before the deadline. */
export async function soon(holds: () => boolean | Promise<boolean>, deadlineMs = 5000): Promise<boolean> {
  for (const deadline = Date.now() + deadlineMs; Date.now() < deadline; await sleep(20))
    if (await holds()) return true;
  return holds();
}
