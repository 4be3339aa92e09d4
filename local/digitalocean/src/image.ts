import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './run.js';

const suite = 'bookworm';

/** What debootstrap can set up by itself; it knows no versions and no order, so the rest is left to apt. */
const bootstrapped = [
  ...[
    'systemd',
    'systemd-sysv',
    'dbus',
    'openssh-server',
    'python3',
    'python3-apt',
    'iproute2',
    'sudo',
    'procps',
  ],
  'ca-certificates',
];

/** The rest of what DigitalOcean's Debian has and Coalmine's roles need. */
const packages = ['cloud-init', 'curl', 'nftables'];

/** Kept in the image's apt cache, so that a role's `apt install` is real and yet quick. */
const downloaded = ['redis-server', 'haproxy'];

/** Small files of the image: what makes Debian boot as a droplet does, in a second. */
const files: Record<string, string> = {
  'etc/cloud/cloud.cfg.d/99-coalmine.cfg': `datasource_list: [NoCloud]
network: {config: disabled}
locale: false
apt_preserve_sources_list: true
preserve_hostname: false
`,
  'etc/systemd/system/ssh.service.d/after-cloud-init.conf': '[Unit]\nAfter=cloud-init.service\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
};

const masked = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'e2scrub_all.timer',
  'systemd-timesyncd.service',
];

/** Path of the base image; it changes with the recipe, so that an old image is never taken for a new one. */
export function baseImage(imageFolder: string): string {
  const recipe = JSON.stringify([suite, bootstrapped, packages, downloaded, files, masked, 1]);
  return join(
    imageFolder,
    'images',
    `debian-12-x64-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`,
  );
}

/**
 * Builds the base image if it is not there yet (about a minute). Built beside and renamed: a killed build leaves
 * no half image. A second builder waits for the first.
 */
export async function ensureImage(imageFolder: string, say: (line: string) => void): Promise<string> {
  const image = baseImage(imageFolder);
  if (existsSync(image)) return image;
  await mkdir(join(imageFolder, 'images'), { recursive: true });
  await needSpace(imageFolder);
  const release = await lock(`${image}.lock`, say);
  try {
    if (existsSync(image)) return image;
    const staging = await mkdtemp(join(imageFolder, 'images', '.making-'));
    await chmod(staging, 0o755); // apt drops its rights inside
    try {
      await build(staging, say);
      await rename(staging, image);
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
    return image;
  } finally {
    await release();
  }
}

async function build(root: string, say: (line: string) => void): Promise<void> {
  const started = Date.now();
  const step = (what: string): void => say(`${what} (${Math.round((Date.now() - started) / 1000)} s so far)`);
  step('unpacking and configuring Debian 12, about a minute');
  await run('debootstrap', '--variant=minbase', `--include=${bootstrapped.join(',')}`, suite, root);

  step('cloud-init, and packages for later');
  await copyAptSources(root);
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends'];
  await run('chroot', root, 'apt-get', 'update', '-qq');
  await run('chroot', root, 'env', 'DEBIAN_FRONTEND=noninteractive', ...install, ...packages);
  await run('chroot', root, ...install, '--download-only', ...downloaded);

  step('settings');
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await writeFile(join(root, file), text);
  }
  await run('systemctl', `--root=${root}`, 'enable', 'systemd-networkd.service', 'ssh.service');
  await run('systemctl', `--root=${root}`, 'mask', ...masked);
  for (const name of await readdir(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) await rm(join(root, 'etc/ssh', name));
  }
  await Promise.all(['etc/machine-id', 'etc/hostname'].map((file) => rm(join(root, file), { force: true })));
  await writeFile(join(root, 'etc/machine-id'), ''); // empty: made anew at each droplet's first boot
  step('done');
}

/** Droplets fetch packages from where this machine does. */
async function copyAptSources(root: string): Promise<void> {
  const isDebian = (text: string): boolean =>
    text.includes(suite) && /\bmain\b/.test(text) && /debian/.test(text);
  const candidates = [
    'sources.list',
    ...(await readdir('/etc/apt/sources.list.d')).map((name) => `sources.list.d/${name}`),
  ];
  for (const name of candidates.filter((file) => existsSync(join('/etc/apt', file)))) {
    const text = await readFile(join('/etc/apt', name), 'utf8');
    if (!isDebian(text) || !text.includes('debian-archive-keyring')) continue;
    await rm(join(root, 'etc/apt/sources.list'), { force: true });
    await copyFile(join('/etc/apt', name), join(root, 'etc/apt', name));
  }
  for (const name of await readdir('/etc/apt/apt.conf.d')) {
    const text = await readFile(join('/etc/apt/apt.conf.d', name), 'utf8');
    if (/Acquire::/.test(text) && !/docker/.test(name))
      await writeFile(join(root, 'etc/apt/apt.conf.d', name), text);
  }
}

async function needSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.round((bavail * bsize) / 1024 / 1024);
  if (free < 2000) throw new Error(`only ${free} MiB are free in ${folder}: the image needs 2000, make room`);
}

/** Holds a lock file with this process's id; that of a dead process is taken over. */
async function lock(file: string, say: (line: string) => void): Promise<() => Promise<void>> {
  for (let waited = false; ; waited = true) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
      if (pid > 0 && !existsSync(`/proc/${pid}`)) await rm(file, { force: true });
      else {
        if (!waited) say(`waiting for process ${pid}, which builds the same image`);
        await sleep(500);
      }
    }
  }
}
