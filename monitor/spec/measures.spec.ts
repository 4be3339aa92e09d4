import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCapacity } from '../src/agent/capacity.js';
import { cpuTicks, networkBytes } from '../src/agent/droplet-meter.js';
import { numberAfter } from '../src/agent/proc.js';
import { parseRuntime } from '../src/agent/runtime-meter.js';

describe('what a droplet has', () => {
  let root: string;
  const write = (file: string, text: string): void => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'coalmine-cgroup-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is its cgroup of version 1', () => {
    write('cpu/box/cpu.cfs_quota_us', '50000');
    write('cpu/box/cpu.cfs_period_us', '100000');
    write('memory/box/memory.limit_in_bytes', '268435456');
    const text =
      '4:memory:/box/system.slice/monitor.service\n1:cpu,cpuacct:/box/system.slice/monitor.service\n0::/\n';
    expect(readCapacity(text, root)).toEqual({
      ...{ cpus: 0.5, memoryBytes: 268_435_456 },
      ...{ cpuFolder: join(root, 'cpu/box'), memoryFolder: join(root, 'memory/box') },
    });
  });

  it('is its cgroup of version 2, the tightest above systemd', () => {
    write('cgroup.controllers', 'cpu memory');
    write('box/cpu.max', '150000 100000');
    write('box/memory.max', '536870912');
    write('box/payload/cpu.max', 'max 100000');
    write('box/payload/memory.max', 'max');
    const {
      cpus: count,
      memoryBytes,
      cpuFolder,
    } = readCapacity('0::/box/payload/system.slice/x.service\n', root);
    expect([count, memoryBytes, cpuFolder]).toEqual([
      Math.min(1.5, cpus().length),
      536_870_912,
      join(root, 'box'),
    ]);
  });

  it("is not what the agent's own unit may use", () => {
    write('cgroup.controllers', 'cpu memory');
    write('system.slice/monitor.service/cpu.max', '5000 100000');
    write('system.slice/monitor.service/memory.max', '67108864');
    expect(readCapacity('0::/system.slice/monitor.service\n', root)).toEqual({
      ...{ cpus: cpus().length, memoryBytes: totalmem(), cpuFolder: null, memoryFolder: null },
    });
  });
});

describe('what the kernel and the service say', () => {
  it('is CPU time, of which idle and waiting for disks are not use', () => {
    expect(cpuTicks('cpu  10 1 5 70 4 3 2 5 0 0\ncpu0 1\n')).toEqual({ used: 26, available: 100 });
  });

  it('is the traffic of real interfaces', () => {
    const line = (name: string, received: number, sent: number): string =>
      `${name.padStart(6)}: ${received} 0 0 0 0 0 0 0 ${sent} 0 0 0 0 0 0 0`;
    const text = [
      'head',
      'head',
      line('lo', 9, 9),
      line('eth0', 100, 20),
      line('eth1', 1, 2),
      line('veth3', 7, 7),
    ];
    expect(networkBytes(text.join('\n'))).toEqual({ received: 101, sent: 22 });
  });

  it('is a number behind a word, at the beginning of a line only', () => {
    expect(numberAfter('total_inactive_file 1\ninactive_file 42\n', 'inactive_file ')).toBe(42);
    expect(numberAfter('MemTotal:   8 kB\n', 'MemTotal:')).toBe(8);
    expect(numberAfter('nothing\n', 'MemTotal:')).toBeNull();
  });

  it('is the lag and the heap, when it is a service of ours', () => {
    const text =
      '# HELP x\ncoalmine_nodejs_eventloop_lag_p99_seconds{part="a"} 0.0123\ncoalmine_nodejs_heap_size_used_bytes{part="a"} 12345678\n';
    expect(parseRuntime(text)).toEqual({ eventLoopLagMs: 12.3, heapBytes: 12_345_678 });
    expect(parseRuntime('up 1\n')).toBeNull();
    expect(parseRuntime('')).toBeNull();
  });
});
