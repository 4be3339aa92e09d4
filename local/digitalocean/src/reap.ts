import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupsNamed, killAll, removeCgroup } from './cgroup.js';
import type { CloudConfig } from './config.js';
import { holderOf } from './lock.js';
import { unmountBelow } from './mounts.js';
import { lower } from './network.js';
import { commandLine, processesWith, signal } from './process.js';

/** What a cloud keeps in its home; nothing else there is touched. */
const ownEntries = ['droplets', 'snapshots', 'state.json', 'serve.lock'];

/**
 * Takes down all that the cloud of this home has on the machine: server, droplets, mounts, cgroups, bridge, records.
 * Goes by what is there and not by what was recorded, so it works after any crash, and again.
 */
export async function reap({ home, id }: CloudConfig): Promise<void> {
  await end(await holderOf(join(home, 'serve.lock')), 'SIGTERM');
  const machines = await processesWith(`--machine=cm${id}-`);
  await Promise.all(machines.map((pid) => end(pid, 'SIGKILL')));
  for (const name of await cgroupsNamed(`cm${id}-`)) {
    await killAll(name);
    await removeCgroup(name);
  }
  await unmountBelow(join(home, 'droplets'));
  await lower({ bridge: `cm${id}` });
  for (const entry of ownEntries) await rm(join(home, entry), { recursive: true, force: true });
  await rmdir(home).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error;
  });
}

/** Ends a process; one that does not go within 5 s is killed. */
async function end(pid: number | null, name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (pid === null) return;
  signal(pid, name);
  for (let tries = 0; tries < 250; tries += 1) {
    if ((await commandLine(pid)).length === 0) return;
    await sleep(20);
  }
  if (name === 'SIGTERM') await end(pid, 'SIGKILL');
}
