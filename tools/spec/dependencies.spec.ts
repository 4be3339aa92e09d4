import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies } from '../src/dependencies.js';

describe('The dependencies of a workspace', () => {
  let root: string;
  let installs = 0;
  const install = async (): Promise<void> => {
    installs += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'coalmine-dependencies-'));
    installs = 0;
    await writeFile(join(root, 'package-lock.json'), '{}');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('are installed once for stages that run side by side, and again only for another lock file', async () => {
    await Promise.all([1, 2, 3].map(() => ensureDependencies(root, install)));
    expect(installs).toBe(1);
    await writeFile(join(root, 'package-lock.json'), '{"other":1}');
    await ensureDependencies(root, install);
    expect(installs).toBe(2);
  });

  it('are installed although an installer died in the middle', async () => {
    await mkdir(join(root, 'build'));
    await writeFile(join(root, 'build/install.pid'), '4194999');
    await ensureDependencies(root, install);
    expect(installs).toBe(1);
  });

  it('do not count as installed when installing failed', async () => {
    const failure = new Error('no network');
    await expectAsync(ensureDependencies(root, () => Promise.reject(failure))).toBeRejectedWith(failure);
    await ensureDependencies(root, install);
    expect(installs).toBe(1);
  });
});
