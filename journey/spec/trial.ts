import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '../../..');
const command = join(root, 'tools/bin/coalmine.js');

export interface Status {
  urls: Record<'app' | 'flags' | 'jenkins' | 'mail' | 'digitalocean', string>;
  droplets: { name: string; pool: string; address: string; status: string; release: string | null }[];
}

export interface Ended {
  code: number | null;
  output: string;
}

/** A fleet on the local cloud, in a folder of its own, from the commit at hand; and the clone made for trying out. */
export class Trial {
  readonly folder = join(tmpdir(), `coalmine-journey-${randomBytes(6).toString('hex')}`);
  readonly home = join(this.folder, 'home');
  /** What is built and released: a clone, as a newcomer would have it. */
  readonly project = join(this.folder, 'shop');
  readonly clone = join(this.home, 'trial');
  private readonly environment = {
    ...process.env,
    COALMINE_PORT_BASE: String(20_000 + (process.pid % 1000) * 10),
    COALMINE_HOME: this.home,
  };

  /** Makes the folder: only now, so that a journey that is left out leaves nothing behind. */
  begin(): void {
    mkdirSync(this.folder, { mode: 0o700 });
    this.run(this.folder, 'git', 'clone', '--quiet', root, this.project);
  }

  coalmine(...parameters: string[]): string {
    return this.run(this.project, process.execPath, command, ...parameters);
  }

  /** The same without blocking the clients of this process. */
  coalmineBeside(...parameters: string[]): Promise<Ended> {
    return this.beside(this.project, process.execPath, command, ...parameters);
  }

  /** Runs a script on a droplet, as root. */
  onDroplet(name: string, script: string): Promise<Ended> {
    return this.coalmineBeside('ssh', name, '--', 'sh', '-c', script);
  }

  status(): Status {
    return JSON.parse(this.coalmine('status', '--json')) as Status;
  }

  releaseOf(name: string): string | null | undefined {
    return this.status().droplets.find((droplet) => droplet.name === name)?.release;
  }

  git(...parameters: string[]): string {
    return this.run(this.clone, 'git', ...parameters).trim();
  }

  head(): string {
    return this.git('rev-parse', 'HEAD');
  }

  /** `git commit` of everything, with its hook, without blocking the clients of this process. */
  commit(message: string): Promise<Ended> {
    return this.beside(this.clone, 'git', 'commit', '--all', '--message', message);
  }

  push(...refs: string[]): Promise<Ended> {
    return this.beside(this.clone, 'git', 'push', 'origin', ...refs);
  }

  up(): Promise<Ended> {
    return this.coalmineBeside('up', '--local', '--detach');
  }

  /** A start that ends with kill -9 in the middle of making droplets. */
  async upAndKill(): Promise<void> {
    const child = spawn(process.execPath, [command, 'up', '--local', '--detach'], {
      ...{ cwd: this.project, env: this.environment, stdio: 'ignore' },
    });
    const begun = (): boolean => existsSync(join(this.home, 'digitalocean/droplets'));
    for (let tries = 0; tries < 2000 && !begun() && child.exitCode === null; tries += 1) await sleep(50);
    await sleep(500);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  down(): Promise<Ended> {
    return this.coalmineBeside('down');
  }

  /** To a server of the local cloud. */
  signal(server: 'jenkins' | 'mail', signal: NodeJS.Signals): void {
    process.kill(Number(readFileSync(join(this.home, `local/${server}.pid`), 'utf8')), signal);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs to the end; fails the spec with all that was said. */
  private run(cwd: string, program: string, ...parameters: string[]): string {
    const { environment: env } = this;
    const { status, stdout, stderr } = spawnSync(program, parameters, { cwd, env, encoding: 'utf8' });
    if (status !== 0)
      throw new Error(`${program} ${parameters.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  private beside(cwd: string, program: string, ...parameters: string[]): Promise<Ended> {
    return new Promise((done) => {
      const child = spawn(program, parameters, { cwd, env: this.environment });
      const heard: Buffer[] = [];
      child.stdout.on('data', (data: Buffer) => heard.push(data));
      child.stderr.on('data', (data: Buffer) => heard.push(data));
      child.once('close', (code) => done({ code, output: Buffer.concat(heard).toString() }));
    });
  }
}

/** Waits for something to become true, some seconds at most. */
export async function within(seconds: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(100))
    if (await holds()) return true;
  return holds();
}
