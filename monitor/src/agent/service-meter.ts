import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Sample } from '@coalmine/fleet/samples.js';
import pidusage from 'pidusage';
import type { Capacity } from './capacity.js';
import { cgroupFolders } from './cgroup.js';
import { readKernel } from './proc.js';

type ServiceLoad = NonNullable<Sample['service']>;

const runFile = promisify(execFile);
const askAgainMs = 2000;

/** Measures a unit with all its processes (`app-server.service`), or a process with its descendants (`pid:123`). */
export class ServiceMeter {
  private main: { pid: number; startedAt: number; processList: string | null } | null = null;
  private askedAt = -Infinity;

  constructor(
    private readonly service: string,
    private readonly capacity: Capacity,
  ) {}

  /** The load of the service now; null while it does not run. CPU is since the last call, 0 for a new process. */
  async measure(): Promise<ServiceLoad | null> {
    const main = await this.findMain();
    if (!main) return null;
    const usage = await pidusage(this.processes(main)).catch(() => ({}));
    const known = Object.values(usage).filter((one) => one !== undefined && one !== null);
    if (known.length === 0) return null;
    const cpu = known.reduce((sum, one) => sum + one.cpu, 0);
    const memoryBytes = known.reduce((sum, one) => sum + one.memory, 0);
    return {
      cpu: Math.round((Math.max(0, cpu) / this.capacity.cpus) * 100) / 100,
      memory: Math.round((memoryBytes / this.capacity.memoryBytes) * 10_000) / 100,
      ...{ memoryBytes, processes: known.length, startedAt: main.startedAt },
    };
  }

  /** Asks systemd only when the process it named last is gone, and not often: a call costs more than all the rest. */
  private async findMain(): Promise<ServiceMeter['main']> {
    if (this.main && startTicks(this.main.pid) !== null) return this.main;
    this.main = null;
    const now = performance.now();
    if (now - this.askedAt < askAgainMs && !this.service.startsWith('pid:')) return null;
    this.askedAt = now;
    const pid = this.service.startsWith('pid:')
      ? Number(this.service.slice('pid:'.length))
      : await mainPid(this.service);
    const ticks = pid > 0 ? startTicks(pid) : null;
    if (ticks === null) return null;
    this.askedAt = -Infinity; // once it falls, ask at once
    const aliveMs = Number.parseFloat(readKernel('/proc/uptime')) * 1000 - ticks * msPerTick;
    this.main = { pid, startedAt: Math.round(Date.now() - aliveMs), processList: this.processList(pid) };
    return this.main;
  }

  /** The file with all processes of the unit, those included that have left their parents. */
  private processList(pid: number): string | null {
    const { systemd, unified } = cgroupFolders(readKernel(`/proc/${pid}/cgroup`));
    const folder = [systemd[0], unified[0]].find((one) => one?.endsWith(`/${this.service}`));
    return folder === undefined ? null : `${folder}/cgroup.procs`;
  }

  private processes({ pid, processList }: NonNullable<ServiceMeter['main']>): number[] {
    const listed = processList === null ? '' : readKernel(processList);
    return listed === '' ? descendants(pid) : listed.trim().split('\n').map(Number);
  }
}

/** Ticks of /proc are 1/100 s on every Linux that Node runs on. */
const msPerTick = 10;

async function mainPid(unit: string): Promise<number> {
  const { stdout } = await runFile('systemctl', ['show', '--property=MainPID', '--value', unit]);
  return Number(stdout.trim());
}

/** When a process began, ticks after boot; null when it is gone or a zombie. */
function startTicks(pid: number): number | null {
  const stat = readKernel(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || fields[0] === 'Z' ? null : Number(fields[19]);
}

/** A process and all below it, from the kernel's own lists of children: the other processes are never looked at. */
function descendants(root: number): number[] {
  const tree = [root];
  for (const pid of tree) {
    for (const thread of threads(pid)) {
      const children = readKernel(`/proc/${pid}/task/${thread}/children`);
      tree.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return tree;
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
