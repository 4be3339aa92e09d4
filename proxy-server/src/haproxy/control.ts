import type { Fleet } from '@coalmine/fleet/members.js';
import type { Logger } from 'pino';
import type { AdminSocket } from './admin-socket.js';
import { files, type Layout } from './configuration.js';
import { HaproxyProcess, type StartState } from './process.js';
import { parseServersState, serverCommands, wantedServers } from './servers.js';
import { splitKey } from './split.js';

/** All that HAProxy goes by. */
export interface Wanted {
  fleet: Fleet;
  /** As splitEntry writes it. */
  split: string;
  /** As allowedKeys leaves them; null when not known, so that HAProxy keeps what it has. */
  allow: readonly string[] | null;
}

const pendingMs = 200;
const healMs = 2000;
const restartMs = 50;

/**
 * Keeps HAProxy running and as Redis wants it. What is wanted is compared with what HAProxy says it has, never with
 * what was once sent: so a restart of either side, or a hand on the admin socket, is made good.
 */
export class Control {
  private admin: AdminSocket | null = null;
  private timer: NodeJS.Timeout | undefined;
  private reconciling: Promise<void> | null = null;
  private again = false;
  private stopped = false;
  /** HAProxy's process id, 0 while there is none. */
  pid = 0;

  constructor(
    private readonly haproxy: HaproxyProcess,
    private readonly layout: Layout,
    private wanted: Wanted,
    private readonly log: Logger,
  ) {}

  get isUp(): boolean {
    return this.admin !== null;
  }

  /** Takes a running HAProxy over, or starts one; then never lets it rest. */
  async start(): Promise<void> {
    const { admin, pid } = await this.haproxy.attach(this.startState(), () => this.lost());
    if (this.stopped) {
      admin.close();
      return;
    }
    this.admin = admin;
    this.pid = pid;
    this.log.info({ haproxy: pid }, 'HAProxy serves');
    await this.reconcile();
  }

  /** What is wanted has changed. Resolves when HAProxy has been told. */
  update(wanted: Wanted): Promise<void> {
    this.wanted = wanted;
    return this.reconcile();
  }

  /** HAProxy's answer to a command; null while it is not there. */
  async ask(command: string): Promise<string | null> {
    return (await this.admin?.ask(command).catch(() => null)) ?? null;
  }

  /** Lets HAProxy end what it has: its idle connections stay for a moment, its requests until they are done. */
  async stop(graceMs: number, deadlineMs: number): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.pid === 0) return;
    signal(this.pid, 'SIGUSR1');
    const deadline = Date.now() + deadlineMs;
    await wait(graceMs);
    while (Date.now() < deadline && (await this.requestsInFlight()) > 0) await wait(20);
    // What is not over by now ends with its own answer, or at HAProxy's hard stop.
    if ((await this.requestsInFlight()) === 0) signal(this.pid, 'SIGTERM');
    this.admin?.close();
  }

  private async requestsInFlight(): Promise<number> {
    const stat = await this.ask('show stat -1 2 -1');
    if (stat === null) return 0;
    return stat
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .reduce((sum, line) => sum + Number(line.split(',')[4] ?? 0) + Number(line.split(',')[2] ?? 0), 0);
  }

  private startState(): StartState {
    const { fleet, split, allow } = this.wanted;
    return { servers: wantedServers(fleet), split, allow: allow ?? [] };
  }

  private lost(): void {
    this.admin = null;
    this.pid = 0;
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.log.error('HAProxy has died; it is started again');
    this.restart();
  }

  private restart(): void {
    this.start().catch((error: unknown) => {
      this.log.error({ err: error }, 'HAProxy is not to be had; trying again');
      if (!this.stopped) this.timer = setTimeout(() => this.restart(), restartMs * 10);
    });
  }

  /** One comparison at a time; one that was asked for meanwhile follows at once. */
  private reconcile(): Promise<void> {
    this.again = true;
    this.reconciling ??= (async () => {
      let pending = false;
      while (this.again && this.admin) {
        this.again = false;
        pending = await this.compare(this.admin).catch((error: unknown) => {
          this.log.warn({ err: error }, 'HAProxy could not be told');
          return true;
        });
      }
      clearTimeout(this.timer);
      if (this.admin && !this.stopped)
        this.timer = setTimeout(() => void this.reconcile(), pending ? pendingMs : healMs);
    })().finally(() => (this.reconciling = null));
    return this.reconciling;
  }

  /** Tells HAProxy what differs. Returns true when something is left for later. */
  private async compare(admin: AdminSocket): Promise<boolean> {
    await this.compareMaps(admin);
    const { now, deletions } = serverCommands(
      wantedServers(this.wanted.fleet),
      parseServersState(await admin.ask('show servers state')),
    );
    for (const command of now) {
      const answer = await admin.ask(command);
      if (answer !== '' && answer !== 'New server registered.') this.log.warn({ command, answer }, 'HAProxy');
    }
    let left = false;
    for (const command of deletions) if ((await admin.ask(command)) !== 'Server deleted.') left = true;
    return left || deletions.length > 0;
  }

  private async compareMaps(admin: AdminSocket): Promise<void> {
    const { folder } = this.layout;
    const { split, allow } = this.wanted;
    const [[, told] = []] = await readMap(admin, files.split(folder));
    if (told !== split) await admin.ask(`set map ${files.split(folder)} ${splitKey} ${split}`);
    if (!allow) return;
    const known = new Set((await readMap(admin, files.allow(folder))).map(([key]) => key));
    for (const key of allow)
      if (!known.delete(key)) await admin.ask(`add map ${files.allow(folder)} ${key} 1`);
    for (const key of known) await admin.ask(`del map ${files.allow(folder)} ${key}`);
  }
}

/** Keys and values of a map; HAProxy puts an address before each. */
async function readMap(admin: AdminSocket, file: string): Promise<[key: string, value: string][]> {
  return (await admin.ask(`show map ${file}`))
    .split('\n')
    .filter((line) => line.startsWith('0x'))
    .map((line) => {
      const [, key = '', value = ''] = line.split(' ');
      return [key, value];
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
