import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holderOf, takeLock } from '../src/lock.js';

describe('A lock', () => {
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coalmine-lock-'));
    file = join(folder, 'lock');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is taken by one, until it is released', async () => {
    const first = await takeLock(file);
    expect(await takeLock(file)).toEqual({ holder: process.pid });
    if ('release' in first) await first.release();
    expect(await holderOf(file)).toBeNull();
    const again = await takeLock(file);
    expect('release' in again).toBeTrue();
    if ('release' in again) await again.release();
  });

  it('is taken over from a process that is no more, even if its number has a new owner', async () => {
    writeFileSync(file, `${process.pid} 1`);
    const taken = await takeLock(file);
    expect('release' in taken).toBeTrue();
    expect(readFileSync(file, 'utf8')).not.toBe(`${process.pid} 1`);
    rmSync(file);
  });
});
