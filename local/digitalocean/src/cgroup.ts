import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from './process.js';

export interface Limits {
  /** Whole or part of a CPU. */
  cpus: number;
  memoryBytes: number;
}

const mountPoint = '/sys/fs/cgroup';
const periodUs = 100_000;

/**
 * Where a droplet needs a cgroup. Version 2 has one tree. Version 1 has one for each controller; and the trees in
 * which systemd counts its processes must be the droplet's own as well, or it would count those of its neighbours.
 */
function treesOf(root: string): string[] {
  if (isVersion2(root)) return [root];
  return ['cpu', 'memory', 'systemd', 'unified'].map((tree) => join(root, tree)).filter(existsSync);
}

function isVersion2(root: string): boolean {
  return existsSync(join(root, 'cgroup.controllers'));
}

/** What to write where, to hold a droplet to its size. */
export function limitFiles({ cpus, memoryBytes }: Limits, version2: boolean): [string, string][] {
  const quota = String(Math.round(cpus * periodUs));
  if (version2)
    return [
      ['cpu.max', `${quota} ${periodUs}`],
      ['memory.max', String(memoryBytes)],
      ['memory.swap.max', '0'],
    ];
  return [
    ['cpu.cfs_period_us', String(periodUs)],
    ['cpu.cfs_quota_us', quota],
    ['memory.limit_in_bytes', String(memoryBytes)],
    ['memory.memsw.limit_in_bytes', String(memoryBytes)],
  ];
}

/** Makes the cgroups of a droplet. Returns the files that take a process in. */
export async function createCgroup(name: string, limits: Limits, root = mountPoint): Promise<string[]> {
  const version2 = isVersion2(root);
  if (version2) await enableControllers(root);
  const folders = treesOf(root).map((tree) => join(tree, name));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const [file, value] of limitFiles(limits, version2)) {
    const folder = version2 ? join(root, name) : join(root, file.split('.')[0] ?? '', name);
    const isOptional = /sw(ap)?\./.test(file); // a kernel without swap accounting does not have it
    if (!isOptional || existsSync(join(folder, file))) await writeFile(join(folder, file), value);
  }
  return folders.map((folder) => join(folder, 'cgroup.procs'));
}

/**
 * On version 2, systemd-nspawn puts the droplet one level lower than the limits: it is held to them but cannot see
 * them. Written there as well, what runs in the droplet can read its size.
 */
export async function showLimits(name: string, limits: Limits, root = mountPoint): Promise<void> {
  if (!isVersion2(root)) return;
  const folder = join(root, name, 'payload');
  for (let tries = 0; tries < 100 && !existsSync(join(folder, 'memory.max')); tries += 1) await sleep(20);
  for (const [file, value] of limitFiles(limits, true)) {
    if (existsSync(join(folder, file))) await writeFile(join(folder, file), value);
  }
}

/** Stops or lets go all processes of a droplet at once, where the kernel can: that is only known to version 2. */
export async function freeze(name: string, frozen: boolean, root = mountPoint): Promise<void> {
  // On most machines with version 1 its tree stands beside, without controllers.
  const file = join(isVersion2(root) ? root : join(root, 'unified'), name, 'cgroup.freeze');
  if (existsSync(file)) await writeFile(file, frozen ? '1' : '0');
}

/** Kills all processes of a droplet: its init outlives systemd-nspawn. Throws when some do not go within 5 s. */
export async function killAll(name: string, root = mountPoint): Promise<void> {
  const [tree = root] = treesOf(root);
  for (let tries = 0; tries < 250; tries += 1) {
    const pids = await processesIn(join(tree, name));
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, 'SIGKILL');
    await sleep(20);
  }
  throw new Error(`processes of ${name} cannot be killed`);
}

/** Removes the cgroups of a droplet that is off; the kernel needs a moment to notice. Throws after 2 s. */
export async function removeCgroup(name: string, root = mountPoint): Promise<void> {
  for (const folder of treesOf(root).map((tree) => join(tree, name))) {
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

/** The names of all cgroups that begin so. */
export async function cgroupsNamed(beginning: string, root = mountPoint): Promise<string[]> {
  const names = await Promise.all(treesOf(root).map((tree) => readdir(tree)));
  return [...new Set(names.flat().filter((name) => name.startsWith(beginning)))];
}

/** A cgroup is removed folder by folder, from the leaves: its files cannot be. */
async function removeTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  await rmdir(folder);
}

async function processesIn(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const inside = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => processesIn(join(folder, name)));
  return [...text.split('\n').filter(Boolean).map(Number), ...(await Promise.all(inside)).flat()];
}

async function enableControllers(root: string): Promise<void> {
  const enabled = (await readFile(join(root, 'cgroup.subtree_control'), 'utf8')).split(/\s+/);
  for (const controller of ['cpu', 'memory'].filter((one) => !enabled.includes(one))) {
    await writeFile(join(root, 'cgroup.subtree_control'), `+${controller}`).catch((error: unknown) => {
      throw new Error(
        `this machine's cgroups cannot limit ${controller}: is it a container without its own?`,
        {
          cause: error,
        },
      );
    });
  }
}
