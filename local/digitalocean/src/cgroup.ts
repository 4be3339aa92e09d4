import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Limits {
  /** Whole or part of a CPU. */
  cpus: number;
  memoryBytes: number;
}

const root = '/sys/fs/cgroup';
const periodUs = 100_000;

/** True where all controllers are in one tree. */
function isVersion2(): boolean {
  return existsSync(join(root, 'cgroup.controllers'));
}

function foldersOf(name: string): string[] {
  return isVersion2()
    ? [join(root, name)]
    : ['cpu', 'memory'].map((controller) => join(root, controller, name));
}

/** Makes the cgroup of a droplet. Returns the files that take a process in. */
export async function createCgroup(name: string, { cpus, memoryBytes }: Limits): Promise<string[]> {
  const quota = String(Math.round(cpus * periodUs));
  if (isVersion2()) await enableControllers();
  for (const folder of foldersOf(name)) await mkdir(folder, { recursive: true });
  if (isVersion2()) {
    await writeFile(join(root, name, 'cpu.max'), `${quota} ${periodUs}`);
    await writeFile(join(root, name, 'memory.max'), String(memoryBytes));
  } else {
    await writeFile(join(root, 'cpu', name, 'cpu.cfs_period_us'), String(periodUs));
    await writeFile(join(root, 'cpu', name, 'cpu.cfs_quota_us'), quota);
    await writeFile(join(root, 'memory', name, 'memory.limit_in_bytes'), String(memoryBytes));
  }
  return foldersOf(name).map((folder) => join(folder, 'cgroup.procs'));
}

/** Kills all that runs in the cgroup of a droplet: a machine's processes outlive the program that started them. */
export async function killCgroup(name: string): Promise<void> {
  for (const folder of foldersOf(name)) {
    for (let tries = 0; tries < 100; tries += 1) {
      const pids = await processesIn(folder);
      if (pids.length === 0) break;
      for (const pid of pids) kill(pid);
      await sleep(20);
    }
  }
}

/** Removes the cgroup of a droplet that is off; the kernel needs a moment to notice. */
export async function removeCgroup(name: string): Promise<void> {
  for (const folder of foldersOf(name)) {
    for (let tries = 0; existsSync(folder); tries += 1) {
      try {
        await removeTree(folder);
      } catch (error) {
        if (tries > 50) throw error;
        await sleep(40);
      }
    }
  }
}

async function processesIn(folder: string): Promise<number[]> {
  const own = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  const below = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    below.filter((entry) => entry.isDirectory()).map(({ name }) => processesIn(join(folder, name))),
  );
  return [...own.split('\n').filter(Boolean).map(Number), ...nested.flat()];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A cgroup is removed folder by folder, from the leaves: its files cannot be. */
async function removeTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  await rmdir(folder);
}

async function enableControllers(): Promise<void> {
  const enabled = await readFile(join(root, 'cgroup.subtree_control'), 'utf8');
  for (const controller of ['cpu', 'memory']) {
    if (!enabled.includes(controller))
      await writeFile(join(root, 'cgroup.subtree_control'), `+${controller}`);
  }
}
