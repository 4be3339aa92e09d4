import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from './problem.js';

/** Lets one `up` at a time work on a fleet. Returns the function that lets go. The lock of a dead process is void. */
export async function takeLock(home: string): Promise<() => Promise<void>> {
  const file = lockFile(home);
  const holder = await holderOf(home);
  if (holder !== null) {
    throw new Problem(
      `Another coalmine up (process ${holder}) is at work here`,
      'Wait for it, or stop it: coalmine down',
    );
  }
  await writeFile(file, String(process.pid));
  return () => rm(file, { force: true });
}

/** Ends an `up` that is under way, so that nothing is made any more behind a `down`. */
export async function stopHolder(home: string): Promise<void> {
  const holder = await holderOf(home);
  if (holder === null || holder === process.pid) return;
  process.kill(holder, 'SIGKILL');
  while ((await holderOf(home)) !== null) await sleep(20);
  await rm(lockFile(home), { force: true });
}

async function holderOf(home: string): Promise<number | null> {
  const file = lockFile(home);
  if (!existsSync(file)) return null;
  const pid = Number(await readFile(file, 'utf8'));
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes('coalmine') && command.split('\0').includes('up') ? pid : null;
}

function lockFile(home: string): string {
  return join(home, 'up.lock');
}
