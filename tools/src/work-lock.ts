import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from './problem.js';

/** The commands that make and destroy droplets: one of them at a time. */
const holders = ['up', 'scale', 'droplet', 'orphans'];

/**
 * Lets one command at a time make and destroy droplets of a fleet. Returns the function that lets go. The lock of a
 * dead process is void.
 */
export async function takeLock(home: string): Promise<() => Promise<void>> {
  const file = lockFile(home);
  const holder = await holderOf(home);
  if (holder !== null) {
    throw new Problem(
      `Another coalmine (process ${holder}) is making or destroying droplets here`,
      'Wait for it; `coalmine down` stops it, and takes the fleet down.',
    );
  }
  await rm(file, { force: true }); // of a process that died
  await writeFile(file, String(process.pid), { flag: 'wx' });
  return () => rm(file, { force: true });
}

/** Ends a command that is under way, so that nothing is made any more behind a `down`. */
export async function stopHolder(home: string): Promise<void> {
  const holder = await holderOf(home);
  if (holder === null || holder === process.pid) return;
  process.kill(holder, 'SIGKILL');
  while ((await holderOf(home)) !== null) await sleep(20);
  await rm(lockFile(home), { force: true });
}

/** True while a command makes or destroys droplets. */
export async function isWorking(home: string): Promise<boolean> {
  return (await holderOf(home)) !== null;
}

async function holderOf(home: string): Promise<number | null> {
  const file = lockFile(home);
  if (!existsSync(file)) return null;
  const pid = Number(await readFile(file, 'utf8'));
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const words = command.split('\0');
  return command.includes('coalmine') && holders.some((name) => words.includes(name)) ? pid : null;
}

function lockFile(home: string): string {
  return join(home, 'up.lock');
}
