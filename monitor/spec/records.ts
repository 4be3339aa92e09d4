import type { AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import type { Sample } from '@coalmine/fleet/samples.js';

export function sampleOf(host: string, pool: Pool, at: number, cpu: number): Sample {
  return {
    ...{ at, host, pool, runtime: null },
    service: { cpu, memory: 10, memoryBytes: 1e8, processes: 1, startedAt: 1 },
    droplet: { cpu, memory: 20, disk: 30, load: 5, receivedPerSecond: 0, sentPerSecond: 0 },
  };
}

export function recordOf(host: string, pool: Pool, changes: Partial<AlertRecord> = {}): AlertRecord {
  return {
    ...{ host, pool, rule: 'cpu', metric: 'cpu', severity: 'critical', state: 'firing' },
    ...{ value: 93.25, threshold: 45, resolvedAt: null },
    ...{ since: '2026-11-23T12:00:00.000Z', firedAt: '2026-11-23T12:00:03.000Z' },
    reason: `CPU of ${host} is at 93.3 %, over 45 % for 3 s`,
    ...changes,
  };
}
