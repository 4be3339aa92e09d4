import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { modules } from 'dots-wrapper';
import { execa } from 'execa';
import { readCloudConfig } from '../src/config.js';
import { violations } from './openapi.js';

const main = join(import.meta.dirname, '../src/main.js');

/** A real cloud of its own: a server process, a home that goes away, and a client that checks every answer. */
export class TestCloud {
  /** What DigitalOcean's document has against the answers so far. */
  readonly violations: string[] = [];
  /** Made by the cloud itself, so that a suite that is left out leaves nothing behind. */
  readonly home = join(tmpdir(), `coalmine-cloud-${randomBytes(6).toString('hex')}`);
  readonly token = 'token-of-the-spec';
  readonly id = readCloudConfig({ COALMINE_CLOUD_HOME: this.home, DIGITALOCEAN_TOKEN: this.token }).id;
  private port = 0;
  private server: ChildProcess | undefined;

  async start(settings: Record<string, string> = {}): Promise<void> {
    this.port ||= await freePort();
    const environment = this.environment(settings);
    this.server = spawn(process.execPath, [main, 'serve'], { env: environment, stdio: 'ignore' });
    while (!(await this.answers())) {
      if (this.server.exitCode !== null) throw new Error('the cloud did not start');
      await sleep(50);
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.server || this.server.exitCode !== null || this.server.signalCode !== null) return;
    const exit = once(this.server, 'exit');
    this.server.kill(signal);
    await exit;
  }

  /** Runs a command of the server's program. */
  async command(
    name: string,
    settings: Record<string, string> = {},
  ): Promise<{ code: number; text: string }> {
    const { exitCode, all } = await execa(process.execPath, [main, name], {
      env: this.environment(settings),
      reject: false,
      all: true,
    });
    return { code: exitCode ?? -1, text: all };
  }

  /** Takes all down, whatever state it is in. */
  async reap(): Promise<void> {
    await this.stop('SIGKILL');
    const { code, text } = await this.command('reap');
    if (code !== 0) throw new Error(text);
  }

  removeHome(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  client(token = this.token) {
    const createContext: typeof modules.common.createContext = (input) => {
      const context = modules.common.createContext(input);
      // Specs talk to this machine only, whatever proxy it has.
      context.httpClient.defaults.proxy = false;
      context.httpClient.interceptors.response.use((response) => {
        const { method = '', baseURL = '', url = '' } = response.config;
        const address = url.startsWith('http') ? url : `${baseURL}${url}`;
        this.violations.push(...violations(method, address, response.status, response.data));
        return response;
      });
      return context;
    };
    return modules.common.createApiClient({ modules, createContext })({ token, endpoint: this.url });
  }

  /** A request by hand; its answer is checked like all others. */
  async request(
    path: string,
    method = 'GET',
    body?: string,
  ): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}` },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const parsed = text ? (JSON.parse(text) as Record<string, unknown>) : {};
    this.violations.push(
      ...violations(method.toLowerCase(), `${this.url}${path}`, response.status, text ? parsed : ''),
    );
    return { status: response.status, headers: response.headers, body: parsed };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v2`;
  }

  private async answers(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  private environment(settings: Record<string, string>): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      COALMINE_CLOUD_HOME: this.home,
      COALMINE_CLOUD_PORT: String(this.port || 1),
      DIGITALOCEAN_TOKEN: this.token,
      ...settings,
    };
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
