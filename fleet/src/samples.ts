import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseJson } from './change.js';
import { keys, pools } from './keys.js';

const percent = z.number().min(0);
const bytes = z.number().min(0);

/** One second of a droplet, as its agent saw it. Percent are of what the droplet has: its CPUs, its memory. */
export const sampleSchema = z.object({
  /** When it was taken, ms since the epoch. */
  at: z.int(),
  host: z.string(),
  pool: z.enum(pools),
  /** The droplet's main service with all its descendants; null while it does not run. */
  service: z
    .object({
      cpu: percent,
      memory: percent,
      memoryBytes: bytes,
      processes: z.int().min(1),
      /** When its main process began, ms since the epoch: a restart shows here. */
      startedAt: z.int(),
    })
    .nullable(),
  /** The whole droplet. */
  droplet: z.object({
    cpu: percent,
    memory: percent,
    /** Of the file system at `/`. */
    disk: percent,
    /** Load average of the last minute, % of the CPUs. */
    load: percent,
    receivedPerSecond: bytes,
    sentPerSecond: bytes,
  }),
  /** What our own service on the droplet says of itself, every few seconds; null when it says nothing. */
  runtime: z.object({ eventLoopLagMs: z.number().min(0), heapBytes: bytes }).nullable(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** How long samples are kept: about the last hour. */
export const keptSamples = 3600;

/** Appends samples of one host, oldest first, in one round trip. Throws when Redis did not take all of them. */
export async function appendSamples(redis: Redis, samples: readonly Sample[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const sample of samples) {
    const text = JSON.stringify(sample);
    pipeline.xadd(keys.samples(sample.host), 'MAXLEN', '~', keptSamples, '*', 'sample', text);
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

/**
 * A host's samples after a stream id (`0` for all), each with its own id, oldest first. Those that an agent sent late,
 * when Redis came back, stand where they arrived: `at` says when they were taken.
 */
export async function readSamples(
  redis: Redis,
  host: string,
  after: string,
  atMost = 1000,
): Promise<{ id: string; sample: Sample }[]> {
  const entries = await redis.xrange(keys.samples(host), `(${after}`, '+', 'COUNT', atMost);
  return entries.flatMap(([id, [, text = null]]) => {
    const sample = parseJson(text, sampleSchema);
    return sample ? [{ id, sample }] : [];
  });
}

/** The last `count` samples of each host, oldest first, in one round trip; a host without any is left out. */
export async function readLatestSamples(
  redis: Redis,
  hosts: readonly string[],
  count = 1,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const pipeline = redis.pipeline();
  for (const host of hosts) pipeline.xrevrange(keys.samples(host), '+', '-', 'COUNT', count);
  const answers = (await pipeline.exec()) ?? [];
  const latest = new Map<string, readonly Sample[]>();
  for (const [index, host] of hosts.entries()) {
    const [error, entries] = answers[index] ?? [null, []];
    if (error) throw error;
    const samples = (entries as [string, string[]][]).flatMap(([, [, text = null]]) => {
      const sample = parseJson(text, sampleSchema);
      return sample ? [sample] : [];
    });
    if (samples.length > 0) latest.set(host, samples.toReversed());
  }
  return latest;
}

/** What can be watched: how to read it from a sample (null: not known this second), and its unit. */
export const metrics = {
  cpu: { title: 'CPU', unit: '%', of: (sample: Sample) => sample.service?.cpu ?? null },
  memory: { title: 'memory', unit: '%', of: (sample: Sample) => sample.service?.memory ?? null },
  down: {
    title: 'service down',
    unit: '',
    of: (sample: Sample) => (sample.service ? 0 : 1),
  },
  'droplet-cpu': { title: 'CPU of the droplet', unit: '%', of: (sample: Sample) => sample.droplet.cpu },
  'droplet-memory': {
    title: 'memory of the droplet',
    unit: '%',
    of: (sample: Sample) => sample.droplet.memory,
  },
  disk: { title: 'disk', unit: '%', of: (sample: Sample) => sample.droplet.disk },
  load: { title: 'load average', unit: '%', of: (sample: Sample) => sample.droplet.load },
  'event-loop-lag': {
    title: 'event-loop lag',
    unit: 'ms',
    of: (sample: Sample) => sample.runtime?.eventLoopLagMs ?? null,
  },
  heap: {
    title: 'heap',
    unit: 'MB',
    of: (sample: Sample) => (sample.runtime ? sample.runtime.heapBytes / 1e6 : null),
  },
} as const;
export type Metric = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as [Metric, ...Metric[]];
