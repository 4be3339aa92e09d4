import { cpus, totalmem } from 'node:os';
import { aboveUnits, cgroupFolders } from './cgroup.js';
import { readKernel, readKernelNumber } from './proc.js';

/** What this droplet has: the whole machine, or a share of it when a cgroup says so. */
export interface Capacity {
  cpus: number;
  memoryBytes: number;
  /** The cgroups that hold it to its share: their use is the droplet's use. Null: it is the whole machine. */
  cpuFolder: string | null;
  memoryFolder: string | null;
}

interface Limit {
  value: number;
  folder: string;
}

/** Reads the tightest limits above this process's unit, cgroup version 1 or 2, or those of the whole machine. */
export function readCapacity(text = readKernel('/proc/self/cgroup'), root?: string): Capacity {
  const folders = cgroupFolders(text, root);
  const cpu = tightest([
    ...limitsIn(folders.cpu, cpuLimitV1),
    ...limitsIn(folders.unified, cpuLimitV2),
    { value: cpus().length, folder: '' },
  ]);
  const memory = tightest([
    ...limitsIn(folders.memory, (folder) => readKernelNumber(`${folder}/memory.limit_in_bytes`)),
    ...limitsIn(folders.unified, (folder) => readKernelNumber(`${folder}/memory.max`)),
    { value: totalmem(), folder: '' },
  ]);
  return {
    ...{ cpus: cpu.value, memoryBytes: memory.value },
    ...{ cpuFolder: cpu.folder || null, memoryFolder: memory.folder || null },
  };
}

function limitsIn(folders: readonly string[], read: (folder: string) => number | null): Limit[] {
  return aboveUnits(folders).flatMap((folder) => {
    const value = read(folder);
    return value === null ? [] : [{ value, folder }];
  });
}

function tightest(limits: readonly Limit[]): Limit {
  return limits.reduce((least, limit) => (limit.value <= least.value ? limit : least));
}

function cpuLimitV1(folder: string): number | null {
  const quota = readKernelNumber(`${folder}/cpu.cfs_quota_us`);
  const period = readKernelNumber(`${folder}/cpu.cfs_period_us`);
  return quota !== null && period !== null && quota > 0 ? quota / period : null;
}

function cpuLimitV2(folder: string): number | null {
  const [quota, period] = readKernel(`${folder}/cpu.max`).trim().split(' ').map(Number);
  return quota && period ? quota / period : null;
}
