import { latencyBoundsMs, latencyBucket } from '../src/traffic.js';

describe('A latency bucket', () => {
  it('holds what is at most its bound, and more than the bound below', () => {
    for (const [index, bound] of latencyBoundsMs.entries()) {
      expect(latencyBucket(bound)).toBe(index);
      expect(latencyBucket(bound * 1.01)).toBe(index + 1);
    }
  });

  it('takes what is slower than all bounds, and what took no time', () => {
    expect(latencyBucket(1e9)).toBe(latencyBoundsMs.length);
    expect(latencyBucket(0)).toBe(0);
  });
});
