import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountPoints } from '../src/mounts.js';
import { needMachine, needSpace } from '../src/requirements.js';

describe('What a cloud needs', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coalmine-path-'));
    for (const name of ['nft', 'ip']) {
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), 0o755);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('is root', async () => {
    await expectAsync(needMachine(folder, 1000)).toBeRejectedWithError(/^needs root.*sudo/);
  });

  it('is all programs: the missing ones are named with their packages', async () => {
    await expectAsync(needMachine(folder, 0)).toBeRejectedWithError(
      'not installed: systemd-nspawn, debootstrap: apt-get install systemd-container debootstrap',
    );
  });

  it('is space', async () => {
    await expectAsync(needSpace(folder, 1)).toBeResolved();
    await expectAsync(needSpace(folder, 1e12)).toBeRejectedWithError(
      /^only \d+ MiB are free in .* make room/,
    );
  });
});

describe('Mount points', () => {
  it('are read with the spaces that they have', () => {
    expect(mountPoints('cm1-2 /tmp/a\\040b/root overlay rw 0 0\nproc /proc proc rw 0 0\n')).toEqual([
      '/tmp/a b/root',
      '/proc',
    ]);
  });
});
