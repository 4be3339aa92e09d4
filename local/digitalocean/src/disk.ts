import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMounted, unmount } from './mounts.js';
import type { SeedFile } from './seed.js';
import { run } from './run.js';

/** A droplet's disk: an overlay over an image. What the droplet writes lands in `upper`, the image stays as it is. */
export class Disk {
  /** Where the droplet's files are while the disk is mounted. */
  readonly root: string;

  constructor(
    private readonly folder: string,
    private readonly name: string,
  ) {
    this.root = join(folder, 'root');
  }

  /** Makes an empty disk over layers: the image, and on top of it the snapshots that it came from, topmost first. */
  async create(layers: readonly string[]): Promise<void> {
    for (const name of ['upper', 'work', 'root']) await mkdir(join(this.folder, name), { recursive: true });
    await chmod(join(this.folder, 'upper'), 0o755); // it becomes the droplet's `/`
    await writeFile(join(this.folder, 'layers'), layers.join('\n'));
  }

  /** The folders under this disk, topmost first; none before it was created. */
  async layers(): Promise<string[]> {
    const text = await readFile(join(this.folder, 'layers'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  /** Writes files onto the mounted disk, each in place of what the image has there. */
  async write(files: Record<string, SeedFile>): Promise<void> {
    for (const [file, { text, mode }] of Object.entries(files)) {
      const path = join(this.root, file);
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true }); // may be a link to elsewhere
      await writeFile(path, text, { mode });
    }
  }

  async mount(): Promise<void> {
    if (await isMounted(this.root)) return;
    const [upper, work] = [join(this.folder, 'upper'), join(this.folder, 'work')];
    const options = `lowerdir=${(await this.layers()).join(':')},upperdir=${upper},workdir=${work}`;
    await run('mount', '-t', 'overlay', this.name, '-o', options, this.root);
  }

  unmount(): Promise<void> {
    return unmount(this.root);
  }

  /** Copies what the droplet has written to a folder that other disks can take as a layer. Returns its size (GiB). */
  async copyTo(target: string): Promise<number> {
    const staging = `${target}.making`;
    await rm(staging, { recursive: true, force: true });
    await mkdir(dirname(target), { recursive: true });
    // `cp -a` keeps overlayfs' marks of deleted files and folders, which Node's cp does not.
    await run('cp', '-a', '--reflink=auto', join(this.folder, 'upper'), staging);
    await run('mv', '-T', staging, target);
    const kibibytes = Number.parseInt(await run('du', '-sk', target), 10);
    return Math.max(0.01, Math.round((kibibytes / 1024 / 1024) * 100) / 100);
  }
}
