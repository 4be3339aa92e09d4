import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomically } from './files.js';

/**
 * Runs `install` when the lock file differs from the one that the dependencies were installed for. Stages that run side
 * by side in one workspace may all call it: one installs, the others wait for it. Throws what `install` throws.
 */
export async function ensureDependencies(root: string, install: () => Promise<void>): Promise<void> {
  const lockFile = join(root, 'package-lock.json');
  if (!existsSync(lockFile)) return;
  const lock = createHash('sha256')
    .update(await readFile(lockFile))
    .digest('hex');
  const mark = join(root, 'node_modules/.coalmine-lock');
  const isDone = async (): Promise<boolean> => existsSync(mark) && (await readFile(mark, 'utf8')) === lock;
  if (await isDone()) return;
  const release = await takeTurn(join(root, 'build/install.pid'));
  try {
    if (await isDone()) return;
    await install();
    await mkdir(join(root, 'node_modules'), { recursive: true });
    await writeFileAtomically(mark, lock);
  } finally {
    await release();
  }
}

/** Waits until the file is ours. The turn of a dead process is over. */
async function takeTurn(file: string): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true });
  const own = `${file}.${randomUUID()}`;
  for (;;) {
    await writeFile(own, String(process.pid));
    try {
      await link(own, file); // fails when there is one: never two holders, never a file without its holder's name
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(own, { force: true });
    }
    await sleep(100);
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
