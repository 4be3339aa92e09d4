import { spawn } from 'node:child_process';
import { existsSync, openSync, closeSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCgroup, killCgroup, removeCgroup, type Limits } from './cgroup.js';
import { gatewayOf, type Addresses, type Network } from './network.js';
import { run, runAnyway } from './run.js';

/** What a machine is made from. */
export interface MachineSettings {
  /** Its files: the image, and on top of it the snapshots that it came from, topmost first. */
  layers: readonly string[];
  hostname: string;
  addresses: Addresses;
  limits: Limits;
  userData: string;
  /** A new one makes cloud-init run as on a first boot. */
  instanceId: string;
  publicKeys: readonly string[];
}

/** Puts its own process into the cgroups (argument 1: how many files), then becomes the machine. */
const enterCgroups =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1"; shift; n=$((n-1)); done; exec "$@"';

/** One systemd-nspawn machine: an overlay over an image, an address on the bridge, a cgroup, a real boot. */
export class Machine {
  readonly name: string;

  constructor(
    private readonly folder: string,
    cloudId: string,
    dropletId: number,
  ) {
    this.name = `cm${cloudId}-${dropletId}`;
  }

  /** Prepares the files of a droplet that has never booted. */
  async prepare(settings: MachineSettings, network: Network): Promise<void> {
    for (const name of ['upper', 'work', 'root']) await mkdir(join(this.folder, name), { recursive: true });
    await writeFile(join(this.folder, 'layers'), settings.layers.join('\n'));
    await writeFile(join(this.folder, 'limits'), JSON.stringify(settings.limits));
    await this.mount();
    const seed = {
      'var/lib/cloud/seed/nocloud/user-data': settings.userData || '#cloud-config\n{}\n',
      'var/lib/cloud/seed/nocloud/meta-data': JSON.stringify({
        'instance-id': settings.instanceId,
        'local-hostname': settings.hostname,
        'public-keys': settings.publicKeys,
      }),
      'etc/hostname': `${settings.hostname}\n`,
      'etc/systemd/network/10-coalmine.network': networkUnit(network, settings.addresses),
      'etc/resolv.conf': await readFile('/etc/resolv.conf', 'utf8'),
      'etc/machine-id': '',
    };
    for (const [file, text] of Object.entries(seed)) {
      const path = join(this.folder, 'root', file);
      await mkdir(join(path, '..'), { recursive: true });
      await rm(path, { force: true });
      await writeFile(path, text);
    }
    await chmod(join(this.folder, 'root/var/lib/cloud/seed/nocloud/user-data'), 0o600);
  }

  /** Boots. Returns once the machine's process runs; its services need a second more. */
  async boot(network: Network): Promise<void> {
    if ((await this.pid()) !== null) return;
    await this.mount();
    const limits = JSON.parse(await readFile(join(this.folder, 'limits'), 'utf8')) as Limits;
    const enter = await createCgroup(this.name, limits);
    const console = openSync(join(this.folder, 'console.log'), 'a');
    const child = spawn(
      'sh',
      [
        '-c',
        enterCgroups,
        'sh',
        String(enter.length),
        ...enter,
        'systemd-nspawn',
        ...this.parameters(network),
      ],
      { cwd: '/', detached: true, stdio: ['ignore', console, console] },
    );
    closeSync(console);
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    await writeFile(join(this.folder, 'pid'), String(child.pid));
  }

  /** The process that is the machine, or null when it is off. */
  async pid(): Promise<number | null> {
    const text = await readFile(join(this.folder, 'pid'), 'utf8').catch(() => '');
    if (!text) return null;
    const commandLine = await readFile(`/proc/${text}/cmdline`, 'utf8').catch(() => '');
    return commandLine.includes(this.name) ? Number(text) : null;
  }

  /** Pulls the plug. */
  async cut(): Promise<void> {
    await killCgroup(this.name);
    await rm(join(this.folder, 'pid'), { force: true });
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
    await this.unmount();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Copies what the machine has written to a folder that others can boot on top of. */
  async copyTo(folder: string): Promise<void> {
    const staging = `${folder}.making`;
    await rm(staging, { recursive: true, force: true });
    // `cp -a` keeps overlayfs' marks of deleted files and folders, which Node's cp does not.
    await run('cp', '-a', '--reflink=auto', join(this.folder, 'upper'), staging);
    await run('mv', '-T', staging, folder);
  }

  private async mount(): Promise<void> {
    const target = join(this.folder, 'root');
    if (await isMounted(target)) return;
    const layers = (await readFile(join(this.folder, 'layers'), 'utf8')).split('\n').join(':');
    const options = `lowerdir=${layers},upperdir=${join(this.folder, 'upper')},workdir=${join(this.folder, 'work')}`;
    await run('mount', '-t', 'overlay', this.name, '-o', options, target);
  }

  private async unmount(): Promise<void> {
    const target = join(this.folder, 'root');
    for (let tries = 0; tries < 50 && (await isMounted(target)); tries += 1) {
      await runAnyway('umount', target);
      if (await isMounted(target)) await sleep(50);
    }
    if (await isMounted(target)) await run('umount', '--lazy', target);
  }

  private async gone(deadlineMs: number): Promise<void> {
    for (const end = Date.now() + deadlineMs; Date.now() < end && (await this.pid()) !== null;)
      await sleep(30);
  }

  private parameters({ bridge }: Network): string[] {
    return [
      ...['--quiet', '--register=no', '--keep-unit', '--boot', '--settings=no', '--console=read-only'],
      ...['--link-journal=no', '--resolv-conf=off', '--timezone=off', '--private-users=no'],
      ...[`--network-bridge=${bridge}`, `--machine=${this.name}`, `--directory=${join(this.folder, 'root')}`],
    ];
  }
}

/** Finds the folders of machines that a cloud has on disk, whatever its records say. */
export async function machineFolders(dropletsFolder: string): Promise<number[]> {
  if (!existsSync(dropletsFolder)) return [];
  return (await readdir(dropletsFolder)).map(Number).filter(Number.isInteger);
}

function networkUnit(network: Network, addresses: Addresses): string {
  return `[Match]
Name=host0
[Network]
Address=${addresses.public}/24
Address=${addresses.private}/24
Gateway=${gatewayOf(network)}
LinkLocalAddressing=no
IPv6AcceptRA=no
`;
}

async function isMounted(target: string): Promise<boolean> {
  return (await readFile('/proc/mounts', 'utf8')).includes(` ${target} `);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
