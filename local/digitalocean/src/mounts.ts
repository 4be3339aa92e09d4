import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, runAnyway } from './run.js';

/** Mount points in the text of /proc/mounts, which writes spaces and the like as octal numbers. */
export function mountPoints(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter(Boolean)
    .map((path) =>
      path.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    );
}

export async function isMounted(target: string): Promise<boolean> {
  return (await currentMountPoints()).includes(target);
}

/** Unmounts, waiting up to 2 s for the last user to go; after that the mount goes with its last user. */
export async function unmount(target: string): Promise<void> {
  for (let tries = 0; tries < 40 && (await isMounted(target)); tries += 1) {
    await runAnyway('umount', target);
    if (await isMounted(target)) await sleep(50);
  }
  if (await isMounted(target)) await run('umount', '--lazy', target);
}

/** Unmounts a folder and all that is mounted in it, innermost first. */
export async function unmountBelow(folder: string): Promise<void> {
  const targets = (await currentMountPoints()).filter(
    (path) => path === folder || path.startsWith(`${folder}/`),
  );
  for (const target of targets.reverse()) await unmount(target);
}

async function currentMountPoints(): Promise<string[]> {
  return mountPoints(await readFile('/proc/mounts', 'utf8'));
}
