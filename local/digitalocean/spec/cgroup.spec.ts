import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCgroup, limitFiles, showLimits } from '../src/cgroup.js';

const limits = { cpus: 2, memoryBytes: 1_073_741_824 };

describe("A droplet's cgroup", () => {
  let root = '';
  const write = (file: string, text: string) => writeFileSync(join(root, file), text);
  const read = (file: string) => readFileSync(join(root, file), 'utf8');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'coalmine-cgroup-'));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  it('limits CPUs by a quota a period, and memory with swap', () => {
    expect(Object.fromEntries(limitFiles({ ...limits, cpus: 0.5 }, false))).toEqual({
      'cpu.cfs_period_us': '100000',
      'cpu.cfs_quota_us': '50000',
      'memory.limit_in_bytes': '1073741824',
      'memory.memsw.limit_in_bytes': '1073741824',
    });
  });

  it('is one folder in a version 2 tree, whose controllers are switched on', async () => {
    write('cgroup.controllers', 'cpu memory');
    write('cgroup.subtree_control', 'cpu');
    expect(await createCgroup('cm1-2', limits, root)).toEqual([join(root, 'cm1-2/cgroup.procs')]);
    expect(read('cgroup.subtree_control')).toBe('+memory');
    expect(read('cm1-2/cpu.max')).toBe('200000 100000');
    expect(read('cm1-2/memory.max')).toBe('1073741824');
  });

  it('shows its limits inside, where version 2 hides them a level higher', async () => {
    write('cgroup.controllers', 'cpu memory');
    mkdirSync(join(root, 'cm1-2/payload'), { recursive: true });
    for (const file of ['cpu.max', 'memory.max']) write(`cm1-2/payload/${file}`, 'max');
    await showLimits('cm1-2', limits, root);
    expect(read('cm1-2/payload/memory.max')).toBe('1073741824');
  });

  it('is one folder in each version 1 tree that counts or limits, as far as there is one', async () => {
    for (const tree of ['cpu', 'memory', 'unified', 'pids']) mkdirSync(join(root, tree));
    const files = await createCgroup('cm1-2', limits, root);
    expect(files).toEqual(['cpu', 'memory', 'unified'].map((tree) => join(root, tree, 'cm1-2/cgroup.procs')));
    expect(read('cpu/cm1-2/cpu.cfs_quota_us')).toBe('200000');
    expect(read('memory/cm1-2/memory.limit_in_bytes')).toBe('1073741824');
  });
});
