import { readFile, writeFile } from 'node:fs/promises';

/** systemd in each droplet takes a dozen inotify instances, all of root's; 128 on the whole machine is the default. */
const inotifyInstances = 8192;

/**
 * Lets the kernel run many machines at once: without this the tenth droplet hangs half-booted, with no message. Limits
 * that are higher already stay. A kernel that forbids the change (a container of its own) is left as it is.
 */
export async function allowManyMachines(
  file = '/proc/sys/fs/inotify/max_user_instances',
  wanted = inotifyInstances,
): Promise<void> {
  const limit = Number(await readFile(file, 'utf8').catch(() => wanted));
  if (limit < wanted) await writeFile(file, String(wanted)).catch(() => undefined);
}
