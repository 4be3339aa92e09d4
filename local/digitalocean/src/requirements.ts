import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const neededMebibytes = 2000;

/** What a cloud calls, and the Debian package that has it. */
const packageOf = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  nft: 'nftables',
  ip: 'iproute2',
};

/** Throws an error with the way out when this machine cannot be a cloud. */
export async function needMachine(
  searchPath = process.env.PATH ?? '',
  userId = process.getuid?.(),
): Promise<void> {
  if (userId !== 0)
    throw new Error(
      'needs root, because it makes machines, bridges and mounts: run it with sudo, or as root',
    );
  const missing: string[] = [];
  for (const program of Object.keys(packageOf) as (keyof typeof packageOf)[]) {
    if (!(await isInstalled(program, searchPath))) missing.push(program);
  }
  if (missing.length > 0) {
    const packages = missing.map((program) => packageOf[program as keyof typeof packageOf]);
    throw new Error(`not installed: ${missing.join(', ')}: apt-get install ${packages.join(' ')}`);
  }
}

/** Throws when the folder's file system has no room for an image or a droplet. Makes the folder. */
export async function needSpace(folder: string, neededMiB = neededMebibytes): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  if (free < neededMiB)
    throw new Error(`only ${free} MiB are free in ${folder}, ${neededMiB} are needed: make room there`);
}

async function isInstalled(program: string, searchPath: string): Promise<boolean> {
  for (const folder of searchPath.split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
