import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowManyMachines } from '../src/kernel.js';

describe("The kernel's limit of inotify instances", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-kernel-'));
    file = join(folder, 'max_user_instances');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('is raised, so that the tenth droplet boots too', async () => {
    await writeFile(file, '128\n');
    await allowManyMachines(file, 1000);
    expect(await readFile(file, 'utf8')).toBe('1000');
  });

  it('is never lowered', async () => {
    await writeFile(file, '5000\n');
    await allowManyMachines(file, 1000);
    expect(await readFile(file, 'utf8')).toBe('5000\n');
  });

  it('stays as it is where there is none', async () => {
    await expectAsync(allowManyMachines(join(folder, 'none'))).toBeResolved();
  });
});
