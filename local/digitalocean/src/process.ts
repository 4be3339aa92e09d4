import { readFile, readdir, readlink } from 'node:fs/promises';

/** Sends a signal; a process that is gone needs none. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The program and its parameters; empty for a process that is gone, or dead and not asked about by its parent. */
export async function commandLine(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').filter(Boolean);
}

/** The processes of which a parameter begins so. */
export async function processesWith(beginning: string): Promise<number[]> {
  return processesWhere(async (pid) => (await commandLine(pid)).some((given) => given.startsWith(beginning)));
}

/** The processes that work on a folder: it is one of their parameters, or what they take for the root. */
export async function processesIn(folder: string): Promise<number[]> {
  return processesWhere(async (pid) => {
    const root = await readlink(`/proc/${pid}/root`).catch(() => '');
    return root === folder || (await commandLine(pid)).includes(folder);
  });
}

async function processesWhere(isWanted: (pid: number) => Promise<boolean>): Promise<number[]> {
  const pids = (await readdir('/proc'))
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const answers = await Promise.all(pids.map(isWanted));
  return pids.filter((_, index) => answers[index]);
}
