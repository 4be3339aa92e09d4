import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCgroup, freeze, killAll, removeCgroup, showLimits, type Limits } from './cgroup.js';
import { Disk } from './disk.js';
import type { Network } from './network.js';
import { commandLine, signal } from './process.js';
import { reachableResolvers, seedFiles, type Identity } from './seed.js';

/**
 * Writes its process id, puts itself into the cgroups, then becomes the machine. The id is on disk before there is a
 * machine, so that a server killed in between cannot lose one. Arguments: id file, how many cgroups, they, the command.
 */
const become = `set -e
echo $$ > "$1"; n=$2; shift 2
while [ "$n" -gt 0 ]; do echo $$ > "$1"; shift; n=$((n-1)); done
exec "$@"`;

/** One systemd-nspawn machine: a disk, an address on the bridge, a cgroup, a real boot. It outlives this process. */
export class Machine {
  readonly name: string;
  private readonly disk: Disk;

  constructor(
    private readonly folder: string,
    cloudId: string,
    dropletId: number,
  ) {
    this.name = `cm${cloudId}-${dropletId}`;
    this.disk = new Disk(folder, this.name);
  }

  /** Prepares the disk of a droplet that has never booted; what an earlier attempt left is thrown away. */
  async prepare(
    layers: readonly string[],
    limits: Limits,
    identity: Identity,
    network: Network,
  ): Promise<void> {
    await this.remove();
    await mkdir(this.folder, { recursive: true });
    await writeFile(this.file('limits'), JSON.stringify(limits));
    await this.disk.create(layers);
    await this.disk.mount();
    await this.disk.write(seedFiles(identity, network, await readResolvers()));
  }

  /** Boots, unless it runs. Returns once the machine's process runs; its services need a second more. */
  async boot(network: Network): Promise<void> {
    if ((await this.pid()) !== null) return;
    await killAll(this.name); // its init may have outlived systemd-nspawn
    await this.disk.mount();
    const limits = JSON.parse(await readFile(this.file('limits'), 'utf8')) as Limits;
    const cgroups = await createCgroup(this.name, limits);
    await rm(this.file('pid'), { force: true });
    const command = ['systemd-nspawn', ...this.parameters(network)];
    const console = openSync(this.file('console.log'), 'w');
    const child = spawn(
      'sh',
      ['-c', become, 'sh', this.file('pid'), String(cgroups.length), ...cgroups, ...command],
      { cwd: '/', detached: true, stdio: ['ignore', console, console] },
    );
    closeSync(console);
    child.unref();
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    while (child.exitCode === null && (await this.pid()) === null) await sleep(2);
    void showLimits(this.name, limits);
  }

  /** The process that is the machine, or null when it is off. */
  async pid(): Promise<number | null> {
    const text = (await readFile(this.file('pid'), 'utf8').catch(() => '')).trim();
    if (!text) return null;
    const pid = Number(text);
    return (await commandLine(pid)).includes(`--machine=${this.name}`) ? pid : null;
  }

  /** The last lines that it wrote to its console: why it did not boot. */
  async lastWords(): Promise<string> {
    const text = await readFile(this.file('console.log'), 'utf8').catch(() => '');
    return text.trim().split('\n').slice(-3).join('\n');
  }

  /** Pulls the plug. */
  async cut(): Promise<void> {
    const pid = await this.pid();
    if (pid !== null) signal(pid, 'SIGKILL');
    await this.gone(10_000);
    await killAll(this.name);
    await rm(this.file('pid'), { force: true });
    await removeCgroup(this.name);
  }

  /** Asks for an orderly shutdown, and pulls the plug when it takes longer than the deadline (ms). */
  async shutdown(deadlineMs = 20_000): Promise<void> {
    const pid = await this.pid();
    if (pid !== null) signal(pid, 'SIGTERM');
    await this.gone(deadlineMs);
    await this.cut();
  }

  /** Removes the machine with all its files. */
  async remove(): Promise<void> {
    await this.cut();
    await this.disk.unmount();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The folders under its disk, topmost first. */
  layers(): Promise<string[]> {
    return this.disk.layers();
  }

  /** Copies its disk while it stands still; it goes on where it was. Returns the copy's size (GiB). */
  async copyTo(folder: string): Promise<number> {
    await freeze(this.name, true);
    try {
      return await this.disk.copyTo(folder);
    } finally {
      await freeze(this.name, false);
    }
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  private async gone(deadlineMs: number): Promise<void> {
    for (const end = Date.now() + deadlineMs; Date.now() < end && (await this.pid()) !== null;)
      await sleep(20);
  }

  private parameters({ bridge }: Network): string[] {
    return [
      ...['--quiet', '--register=no', '--keep-unit', '--boot', '--settings=no', '--console=read-only'],
      ...['--link-journal=no', '--resolv-conf=off', '--timezone=off', '--private-users=no'],
      ...[`--network-bridge=${bridge}`, `--machine=${this.name}`, `--directory=${this.disk.root}`],
    ];
  }
}

/** Finds the folders of machines that a cloud has on disk, whatever its records say. */
export async function machineFolders(dropletsFolder: string): Promise<number[]> {
  const names = await readdir(dropletsFolder).catch(() => []);
  return names.map(Number).filter(Number.isInteger);
}

async function readResolvers(): Promise<string> {
  const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];
  return reachableResolvers(await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => ''))));
}
