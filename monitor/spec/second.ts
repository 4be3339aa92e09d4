import { latencyBoundsMs, latencyBucket, type PoolTraffic } from '@coalmine/fleet/traffic.js';

/** A pool's second: so many requests, so many of them failed, all about as slow as `ms`, spread over some buckets. */
export function poolSecond(requests: number, failures = 0, ms = 40): PoolTraffic {
  const latency = new Array<number>(latencyBoundsMs.length + 1).fill(0);
  for (let index = 0; index < requests; index += 1) {
    const bucket = latencyBucket(ms) - 3 + ((index * 5) % 7);
    latency[bucket] = (latency[bucket] ?? 0) + 1;
  }
  return { requests, failures, latency };
}
