import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';

/** What this droplet has: a share of the machine below it, when a cgroup says so. */
export interface Capacity {
  cpus: number;
  memoryBytes: number;
}

/** Reads the tightest limit on the way from this process's cgroup to the root, version 1 or 2, or the whole machine. */
export async function readCapacity(): Promise<Capacity> {
  const paths = await cgroupPaths();
  const cpuLimits = await Promise.all([
    ...paths.cpu.map((path) => cpuLimitV1(`/sys/fs/cgroup/cpu${path}`)),
    ...paths.unified.map((path) => cpuLimitV2(`/sys/fs/cgroup${path}`)),
  ]);
  const memoryLimits = await Promise.all([
    ...paths.memory.map((path) => readNumber(`/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`)),
    ...paths.unified.map((path) => readNumber(`/sys/fs/cgroup${path}/memory.max`)),
  ]);
  return {
    cpus: Math.min(cpus().length, ...cpuLimits.filter((limit) => limit !== null)),
    memoryBytes: Math.min(totalmem(), ...memoryLimits.filter((limit) => limit !== null)),
  };
}

/** Per controller the cgroup and all above it, as paths that end without a slash. */
async function cgroupPaths(): Promise<Record<'cpu' | 'memory' | 'unified', string[]>> {
  const lines = (await readFile('/proc/self/cgroup', 'utf8')).trim().split('\n');
  const found: Record<'cpu' | 'memory' | 'unified', string[]> = { cpu: [], memory: [], unified: [] };
  for (const line of lines) {
    const [, controllers = '', path = '/'] = line.split(':');
    if (controllers.split(',').includes('cpu')) found.cpu = upwards(path);
    if (controllers.split(',').includes('memory')) found.memory = upwards(path);
    if (controllers === '') found.unified = upwards(path);
  }
  return found;
}

function upwards(path: string): string[] {
  const names = path.split('/').filter(Boolean);
  return [...names.map((_, depth) => `/${names.slice(0, names.length - depth).join('/')}`), ''];
}

async function cpuLimitV1(folder: string): Promise<number | null> {
  const quota = await readNumber(`${folder}/cpu.cfs_quota_us`);
  const period = await readNumber(`${folder}/cpu.cfs_period_us`);
  return quota !== null && period !== null && quota > 0 ? quota / period : null;
}

async function cpuLimitV2(folder: string): Promise<number | null> {
  const text = await readFile(`${folder}/cpu.max`, 'utf8').catch(() => 'max');
  const [quota, period] = text.trim().split(' ').map(Number);
  return quota && period ? quota / period : null;
}

async function readNumber(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? null : value;
}
