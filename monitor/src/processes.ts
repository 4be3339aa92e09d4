import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import pidusage from 'pidusage';
import type { Capacity } from './capacity.js';

export interface Load {
  /** % of the droplet's CPUs. */
  cpu: number;
  /** % of the droplet's memory. */
  memory: number;
}

const runFile = promisify(execFile);

/** Measures a unit's process tree (`app-server.service`), or that of one process (`pid:123`). */
export class ServiceMeter {
  private mainPid = 0;

  constructor(
    private readonly service: string,
    private readonly capacity: Capacity,
  ) {}

  /** The load of the service and all its descendants; null while it does not run. */
  async measure(): Promise<Load | null> {
    const pid = await this.findMainPid();
    if (pid === 0) return null;
    const tree = await descendants(pid);
    const usage = await pidusage(tree).catch(() => ({}));
    const known = Object.values(usage).filter((one) => one !== undefined && one !== null);
    if (known.length === 0) return null;
    const cpu = known.reduce((sum, one) => sum + one.cpu, 0);
    const memory = known.reduce((sum, one) => sum + one.memory, 0);
    return { cpu: cpu / this.capacity.cpus, memory: (memory / this.capacity.memoryBytes) * 100 };
  }

  /** Asks systemd only when the process it named last is gone: a call costs more than all the rest. */
  private async findMainPid(): Promise<number> {
    if (this.service.startsWith('pid:')) return Number(this.service.slice('pid:'.length));
    if (this.mainPid !== 0 && (await exists(this.mainPid))) return this.mainPid;
    const { stdout } = await runFile('systemctl', ['show', '--property=MainPID', '--value', this.service]);
    this.mainPid = Number(stdout.trim());
    return this.mainPid;
  }
}

async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number[]>();
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(parents.get(pid) ?? []));
  return tree;
}

async function exists(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')) !== '';
}
