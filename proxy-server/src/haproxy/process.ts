import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AdminSocket } from './admin-socket.js';
import { files, identity, renderConfiguration, type Layout } from './configuration.js';
import { nominatedLua } from './nominated.js';
import type { WantedServer } from './servers.js';
import { splitKey } from './split.js';

/** What HAProxy starts with. */
export interface StartState {
  servers: readonly WantedServer[];
  split: string;
  allow: readonly string[];
}

export interface ProcessOptions {
  binary: string;
  layout: Layout;
  /** The listening socket that was handed over, if any. */
  descriptor: number | null;
  log: Logger;
}

const startsWithinMs = 5000;

/**
 * HAProxy's process. It is nobody's child in spirit: it lives on when the controller dies, and the next controller
 * takes it over by its admin socket.
 */
export class HaproxyProcess {
  constructor(private readonly options: ProcessOptions) {}

  /** The admin socket of the HAProxy that runs, or of a new one. `onClose` tells when it dies. */
  async attach(start: StartState, onClose: () => void): Promise<{ admin: AdminSocket; pid: number }> {
    const running = await this.running(onClose);
    if (running?.identity === identity(this.options.layout)) return running;
    running?.admin.close();
    await this.launch(start, running?.pid ?? null);
    for (const deadline = Date.now() + startsWithinMs; Date.now() < deadline; await sleep(20)) {
      const started = await this.running(onClose);
      if (started && started.pid !== running?.pid) return started;
      started?.admin.close();
    }
    throw new Error(`${this.options.binary} does not start: see its messages above`);
  }

  private async running(
    onClose: () => void,
  ): Promise<{ admin: AdminSocket; pid: number; identity: string } | null> {
    let isAttached = false;
    try {
      const admin = await AdminSocket.open(files.admin(this.options.layout.folder), () => {
        if (isAttached) onClose();
      });
      const info = await admin.ask('show info');
      const line = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(info)?.[1] ?? '';
      if (line('Stopping') === '1') {
        admin.close();
        return null;
      }
      isAttached = true;
      return { admin, pid: Number(line('Pid')), identity: line('description') };
    } catch {
      return null;
    }
  }

  /** Starts HAProxy with files that say all that is known. `before` is one of another release that shall end. */
  private async launch(start: StartState, before: number | null): Promise<void> {
    const { binary, layout, descriptor, log } = this.options;
    const { folder } = layout;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const text = (name: string, lines: readonly string[]): Promise<void> =>
      writeFile(name, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    await text(files.lua(folder), [nominatedLua]);
    await text(files.split(folder), [`${splitKey} ${start.split}`]);
    await text(
      files.allow(folder),
      start.allow.map((key) => `${key} 1`),
    );
    await text(files.configuration(folder), [renderConfiguration(layout, start.servers)]);
    const replacing = before === null ? [] : ['-x', files.admin(folder), '-sf', String(before)];
    const child = spawn(binary, ['-db', '-f', files.configuration(folder), ...replacing], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', ...(descriptor === null ? [] : [descriptor])],
    });
    child.unref();
    child.once('error', (error) => log.error({ err: error, binary }, 'HAProxy cannot be started'));
    child.once('exit', (code, signal) => log.info({ pid: child.pid, code, signal }, 'HAProxy has ended'));
    log.info({ pid: child.pid, replaces: before }, 'HAProxy starts');
  }
}
