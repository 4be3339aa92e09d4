import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianSources, formatSources } from './apt-sources.js';
import { takeLock, type Taken } from './lock.js';
import { unmountBelow } from './mounts.js';
import { processesIn, signal } from './process.js';
import { needSpace } from './requirements.js';
import { run } from './run.js';

const release = 'bookworm';

/** What debootstrap can set up by itself; it knows no versions and no order, so the rest is left to apt. */
const bootstrapped = [
  ...['systemd', 'systemd-sysv', 'dbus', 'openssh-server', 'python3', 'python3-apt', 'iproute2', 'sudo'],
  ...['procps', 'ca-certificates'],
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
disable_root: false
`,
  'etc/systemd/system/ssh.service.d/after-cloud-init.conf': '[Unit]\nAfter=cloud-init.service\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
};

const masked = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'systemd-timesyncd.service'],
];

/** Path of the base image; it changes with the recipe, so that an old image is never taken for a new one. */
export function baseImage(imageFolder: string): string {
  const recipe = JSON.stringify([release, bootstrapped, packages, downloaded, files, masked, 2]);
  const hash = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  return join(imageFolder, 'images', `debian-12-x64-${hash}`);
}

/**
 * Builds the base image if it is not there yet (about a minute) and returns its path. Built beside and renamed: a
 * killed build leaves no half image. A second builder waits for the first. Throws when a step fails.
 */
export async function ensureImage(imageFolder: string, say: (line: string) => void): Promise<string> {
  const image = baseImage(imageFolder);
  if (existsSync(image)) return image;
  await mkdir(dirname(image), { recursive: true });
  await needSpace(imageFolder);
  const { release: unlock } = await waitForLock(`${image}.lock`, say);
  const staging = join(dirname(image), `.making-${basename(image)}`);
  try {
    if (existsSync(image)) return image;
    await clear(staging);
    await mkdir(staging, { mode: 0o755 });
    await build(staging, say);
    await rename(staging, image);
    return image;
  } catch (error) {
    await clear(staging);
    throw error;
  } finally {
    await unlock();
  }
}

async function build(root: string, say: (line: string) => void): Promise<void> {
  const started = Date.now();
  const step = (what: string): void => say(`${what} (${Math.round((Date.now() - started) / 1000)} s so far)`);
  const sources = debianSources(await readHostSources(), release);
  const mirror = sources.find(({ suite }) => suite === release)?.uri;
  step('unpacking and configuring Debian 12, about a minute');
  const include = `--include=${bootstrapped.join(',')}`;
  await run('debootstrap', '--variant=minbase', include, release, root, ...(mirror ? [mirror] : []));

  step('cloud-init, and packages for later');
  if (sources.length > 0) await writeFile(join(root, 'etc/apt/sources.list'), formatSources(sources));
  await copyAptSettings(root);
  await copyAuthorities(root);
  const inside = ['chroot', root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8'] as const;
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends'];
  await run(...inside, 'update-ca-certificates');
  await run(...inside, 'apt-get', 'update', '-qq');
  await run(...inside, ...install, ...packages);
  await run(...inside, ...install, '--download-only', ...downloaded);

  step('settings');
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  await run('systemctl', `--root=${root}`, 'enable', 'systemd-networkd.service', 'ssh.service');
  await run('systemctl', `--root=${root}`, 'mask', ...masked);
  await forgetIdentity(root);
  step('done');
}

/** What each droplet must have for itself: keys, name, machine id. */
async function forgetIdentity(root: string): Promise<void> {
  const keys = (await readdir(join(root, 'etc/ssh'))).filter((name) => name.startsWith('ssh_host_'));
  for (const name of keys) await rm(join(root, 'etc/ssh', name));
  for (const name of ['machine-id', 'hostname']) await rm(join(root, 'etc', name), { force: true });
  await writeFile(join(root, 'etc/machine-id'), ''); // empty: made anew at each droplet's first boot
}

/** Droplets fetch packages from where this machine does, and the way it does. */
async function readHostSources(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name));
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))];
  return Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
}

async function copyAptSettings(root: string): Promise<void> {
  const folder = '/etc/apt/apt.conf.d';
  for (const name of await readdir(folder).catch(() => [])) {
    const text = await readFile(join(folder, name), 'utf8');
    const isHooked = /\b(Pre|Post)-Invoke/.test(text); // hooks call programs that only the host has
    if (/Acquire::/.test(text) && !isHooked) await writeFile(join(root, folder, name), text);
  }
}

/** Certificate authorities that this machine's administrator added. */
async function copyAuthorities(root: string): Promise<void> {
  const folder = '/usr/local/share/ca-certificates';
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.crt'));
  await mkdir(join(root, folder), { recursive: true });
  for (const name of names) await writeFile(join(root, folder, name), await readFile(join(folder, name)));
}

/** Removes what a build left: what still runs of one that was killed, and what debootstrap mounted. */
async function clear(staging: string): Promise<void> {
  for (let pids = await processesIn(staging); pids.length > 0; pids = await processesIn(staging)) {
    for (const pid of pids) signal(pid, 'SIGKILL');
    await sleep(20);
  }
  await unmountBelow(staging);
  await rm(staging, { recursive: true, force: true });
}

async function waitForLock(file: string, say: (line: string) => void): Promise<Taken> {
  for (let waited = false; ; waited = true) {
    const lock = await takeLock(file);
    if ('release' in lock) return lock;
    if (!waited) say(`waiting for process ${lock.holder}, which builds the same image`);
    await sleep(500);
  }
}
