import { link, readFile, rm, writeFile } from 'node:fs/promises';

/** A lock that somebody has: their process id. */
export interface Held {
  holder: number;
}

/** A lock that is ours, until released. */
export interface Taken {
  release: () => Promise<void>;
}

/** Takes a lock file for this process, also over from a process that is no more. */
export async function takeLock(file: string): Promise<Taken | Held> {
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, `${process.pid} ${await startOf(process.pid)}`);
  try {
    for (;;) {
      try {
        // Linked, not created: the file is there with its text, or not at all.
        await link(beside, file);
        return { release: () => rm(file, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = await holderOf(file);
      if (holder !== null) return { holder };
      await rm(file, { force: true });
    }
  } finally {
    await rm(beside, { force: true });
  }
}

/** The living process that has the lock, or null. */
export async function holderOf(file: string): Promise<number | null> {
  const [pid, start] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
  return start && start === (await startOf(Number(pid))) ? Number(pid) : null;
}

/** When a process started (ticks since boot): with its id, what no other process ever has. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the name in brackets and may have spaces.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
