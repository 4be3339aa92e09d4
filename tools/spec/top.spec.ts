import { latencyBoundsMs, latencyBucket, type PoolTraffic } from '@coalmine/fleet/traffic.js';
import { trafficOf, type Frame } from '../src/top-frame.js';
import { bar, frameText } from '../src/top-text.js';

function second(requests: number, failures: number, ms: number): PoolTraffic {
  const latency = new Array<number>(latencyBoundsMs.length + 1).fill(0);
  latency[latencyBucket(ms)] = requests;
  return { requests, failures, latency };
}

describe('coalmine top', () => {
  const idle = second(0, 0, 1);

  it('adds the proxies’ seconds up', () => {
    const { prod, canary } = trafficOf([
      { at: 1, prod: second(90, 9, 10), canary: idle },
      { at: 1, prod: second(10, 0, 100), canary: idle },
    ]);
    expect(prod.requestsPerSecond).toBe(10);
    expect(prod.failedPercent).toBe(9);
    expect(prod.p50Ms).toBeGreaterThanOrEqual(10);
    expect(prod.p50Ms).toBeLessThan(12);
    expect(prod.p95Ms).toBeGreaterThanOrEqual(100);
    expect(canary).toEqual({ requestsPerSecond: 0, failedPercent: null, p50Ms: null, p95Ms: null });
  });

  it('draws load against its threshold', () => {
    expect(bar(0, 45)).toBe('·········│··········');
    expect(bar(100, 45)).toBe('█████████│██████████');
    expect(bar(250, 45)).toBe(bar(100, 45));
    expect(bar(null, 45)).toBe('says nothing');
  });

  it('shows a fleet that says nothing, and keeps to the terminal’s width', () => {
    const frame: Frame = {
      ...{ at: '2026-11-23T12:00:00.000Z', leader: null, rollout: null, autoscale: null, alerts: [] },
      traffic: trafficOf([]),
      droplets: [
        {
          ...{ name: 'prod-1', pool: 'prod', state: 'in', release: 'a'.repeat(40) },
          ...{ cpu: null, memory: null, disk: null, eventLoopLagMs: null },
        },
      ],
    };
    const text = frameText(frame, 45, 60);
    expect(text).toContain('leader none');
    expect(text).toContain('prod-1   in     aaaaaaaaaa  says nothing');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
