import { keys } from '../src/keys.js';
import { appendSamples, metrics, readLatestSamples, readSamples, type Sample } from '../src/samples.js';
import { TestRedis } from '../src/testbed.js';

function sample(host: string, at: number): Sample {
  return {
    ...{ at, host, pool: 'prod', runtime: null },
    service: { cpu: 12.5, memory: 30, memoryBytes: 3e8, processes: 2, startedAt: 1 },
    droplet: { cpu: 20, memory: 40, disk: 50, load: 10, receivedPerSecond: 1000, sentPerSecond: 2000 },
  };
}

describe('the samples of a droplet', () => {
  let server: TestRedis;

  beforeAll(async () => {
    server = await TestRedis.start();
  });
  afterAll(() => server.stop());

  it('come back as they were, in order, from where a reader has read', async () => {
    const redis = server.client();
    await appendSamples(redis, [sample('prod-1', 1000), sample('prod-1', 2000)]);
    const [first, second] = await readSamples(redis, 'prod-1', '0');
    expect(first?.sample).toEqual(sample('prod-1', 1000));
    expect(await readSamples(redis, 'prod-1', first?.id ?? '')).toEqual(second ? [second] : []);
    redis.disconnect();
  });

  it('are found by host, the last ones; a host that never sent any is left out, and what is no sample too', async () => {
    const redis = server.client();
    await appendSamples(redis, [sample('prod-2', 1000), sample('prod-2', 2000), sample('prod-2', 3000)]);
    await redis.xadd(keys.samples('prod-3'), '*', 'cpu', '1');
    const latest = await readLatestSamples(redis, ['prod-2', 'prod-3', 'prod-4'], 2);
    expect([...latest.keys()]).toEqual(['prod-2']);
    expect(latest.get('prod-2')?.map(({ at }) => at)).toEqual([2000, 3000]);
    redis.disconnect();
  });

  it('know their metrics, and say when one is not known', () => {
    expect(metrics.cpu.of(sample('prod-1', 1))).toBe(12.5);
    expect(metrics.cpu.of({ ...sample('prod-1', 1), service: null })).toBeNull();
    expect(metrics.heap.of(sample('prod-1', 1))).toBeNull();
  });
});
