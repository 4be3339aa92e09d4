import { statfsSync } from 'node:fs';
import type { Sample } from '@coalmine/fleet/samples.js';
import type { Capacity } from './capacity.js';
import { numberAfter, readKernel, readKernelNumber } from './proc.js';

type DropletLoad = Sample['droplet'];

/** What was counted since boot, at a moment (ms of a clock that only goes forward). */
interface Counters {
  at: number;
  /** CPU time used, and how much there was, in any unit that is the same for both. */
  used: number;
  available: number;
  received: number;
  sent: number;
}

/** Measures the whole droplet: inside its cgroup where one holds it, else the machine. */
export class DropletMeter {
  private before: Counters | null = null;
  private readonly usedNs: (() => number | null) | null;

  constructor(private readonly capacity: Capacity) {
    this.usedNs = cpuClock(capacity.cpuFolder);
  }

  /** The load now; what needs two readings (CPU, network) is 0 the first time. */
  measure(): DropletLoad {
    const now = this.count();
    const before = this.before ?? now;
    this.before = now;
    const seconds = (now.at - before.at) / 1000;
    const share = (part: number, whole: number): number => (whole > 0 ? Math.max(0, part / whole) : 0);
    return {
      cpu: round(share(now.used - before.used, now.available - before.available) * 100),
      memory: round(this.memoryPercent()),
      disk: round(diskPercent()),
      load: round((Number.parseFloat(readKernel('/proc/loadavg')) / this.capacity.cpus) * 100),
      receivedPerSecond: Math.round(share(now.received - before.received, seconds)),
      sentPerSecond: Math.round(share(now.sent - before.sent, seconds)),
    };
  }

  private count(): Counters {
    const at = performance.now();
    const network = networkBytes(readKernel('/proc/net/dev'));
    const used = this.usedNs?.() ?? null;
    if (used !== null) return { at, used, available: at * 1e6 * this.capacity.cpus, ...network };
    return { at, ...cpuTicks(readKernel('/proc/stat')), ...network };
  }

  /** What cannot be given back at once: caches of files do not count. */
  private memoryPercent(): number {
    const { memoryFolder: folder, memoryBytes } = this.capacity;
    const text = folder === null ? '' : readKernel(`${folder}/memory.stat`);
    const used =
      readKernelNumber(`${folder}/memory.current`) ?? readKernelNumber(`${folder}/memory.usage_in_bytes`);
    if (used !== null && folder !== null) {
      const cache = numberAfter(text, 'total_inactive_file ') ?? numberAfter(text, 'inactive_file ') ?? 0;
      return (Math.max(0, used - cache) / memoryBytes) * 100;
    }
    const info = readKernel('/proc/meminfo');
    const total = numberAfter(info, 'MemTotal:') ?? 0;
    return total > 0 ? (1 - (numberAfter(info, 'MemAvailable:') ?? 0) / total) * 100 : 0;
  }
}

/** Where a cgroup's CPU time is counted, ns: version 2, version 1, or version 1 with its counting elsewhere. */
function cpuClock(folder: string | null): (() => number | null) | null {
  if (folder === null) return null;
  const beside = (tree: string): string =>
    folder.replace(/\/cgroup\/cpu(,cpuacct)?(?=\/|$)/, `/cgroup/${tree}`);
  const inMicroseconds = (file: string) => (): number | null => {
    const value = numberAfter(readKernel(file), 'usage_usec ');
    return value === null ? null : value * 1000;
  };
  const clocks = [
    inMicroseconds(`${folder}/cpu.stat`),
    () => readKernelNumber(`${folder}/cpuacct.usage`),
    () => readKernelNumber(`${beside('cpuacct')}/cpuacct.usage`),
    inMicroseconds(`${beside('unified')}/cpu.stat`),
  ];
  return clocks.find((clock) => clock() !== null) ?? null;
}

/** The first line of /proc/stat: ticks of user, nice, system, idle, iowait, irq, softirq, steal. */
export function cpuTicks(text: string): { used: number; available: number } {
  const ticks = text.slice(0, text.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
  const available = ticks.reduce((sum, one) => sum + one, 0);
  return { used: available - (ticks[3] ?? 0) - (ticks[4] ?? 0), available };
}

/** Bytes of all real interfaces in /proc/net/dev: what a bridge or a container's end carries was counted already. */
export function networkBytes(text: string): { received: number; sent: number } {
  const total = { received: 0, sent: 0 };
  for (const line of text.split('\n').slice(2)) {
    const [name = '', figures = ''] = line.split(':');
    if (figures === '' || /^(lo|veth|docker|br-|virbr|vb-)/.test(name.trim())) continue;
    const columns = figures.trim().split(/\s+/).map(Number);
    total.received += columns[0] ?? 0;
    total.sent += columns[8] ?? 0;
  }
  return total;
}

/** As `df` counts: of what users may have. */
function diskPercent(): number {
  const { blocks, bfree, bavail } = statfsSync('/');
  const used = blocks - bfree;
  return used + bavail > 0 ? (used / (used + bavail)) * 100 : 0;
}

function round(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : 0;
}
