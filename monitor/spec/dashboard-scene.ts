import { writeAlertBook } from '@coalmine/fleet/alert-records.js';
import type { AutoscaleRecord } from '@coalmine/fleet/autoscale.js';
import { parseConfig } from '@coalmine/fleet/config.js';
import { keys, type Pool } from '@coalmine/fleet/keys.js';
import { writeFleet } from '@coalmine/fleet/members.js';
import { planOf } from '@coalmine/fleet/plan.js';
import { writeRollout } from '@coalmine/fleet/rollout.js';
import { latencyBoundsMs, latencyBucket, type PoolTraffic } from '@coalmine/fleet/traffic.js';
import type { Redis } from 'ioredis';
import { recordOf } from './records.js';

const releases = {
  old: '4c1f0b7a90d2e35b8877aa6cbe1d0c3f5a2e9d10',
  bad: 'b3d9e4c2118f7a60cc5512e0aa97f3d4618b2c77',
  good: '9f3a2c1d84e6b05f7720c9d1e8a4b6350fd2e1aa',
  next: 'e71b5d0c3f2a99846ab0de17c5f4830b92d6a1f8',
};
/** The canary's share, %, by minutes before now. */
const shares: readonly [number, number][] = [
  [-54, 1],
  [-52.5, 5],
  [-50.8, 0],
  [-31, 1],
  [-29, 5],
  [-27, 20],
  [-24.5, 50],
  [-22, 0],
  [-6.5, 1],
  [-4.2, 5],
  [-1.9, 20],
];
const hosts: readonly [string, Pool, number, number][] = [
  ['proxy-1', 'proxy', 14, 12],
  ['prod-1', 'prod', 27, 31],
  ['prod-2', 'prod', 25, 29],
  ['canary-1', 'canary', 3, 24],
  ['redis-1', 'redis', 4, 9],
];

/** A fleet's last hour as it might have been recorded; the same one every time, up to `now`. */
export class Scene {
  private seed = 42;

  constructor(
    private readonly redis: Redis,
    private readonly now: number,
  ) {}

  /** When a moment was, minutes before now being negative; ISO 8601. */
  at(minutes: number): string {
    return new Date(this.now + minutes * 60_000).toISOString();
  }

  /** Everything up to now. */
  async write(minutes = 60): Promise<void> {
    for (let second = -minutes * 60; second < 0; second += 1) {
      await this.second(this.now + second * 1000);
    }
    await this.writeState();
    await this.writeEvents();
    await this.writeFlags();
  }

  /** One more second of load and traffic. */
  async second(time: number): Promise<void> {
    await this.writeAutoscale(time);
    const minute = (time - this.now) / 60_000;
    const share = (shares.findLast(([from]) => from <= minute)?.[1] ?? 0) / 100;
    const bad = minute > -52.4 && minute < -50.8;
    const busy = minute > -14.2 && minute < -11.6;
    const rate = 118 + 34 * Math.sin(minute / 8) + 9 * Math.sin(minute * 3.1) + (busy ? 70 : 0);
    const canary = Math.round(rate * share * (0.8 + 0.4 * this.random()));
    const prod = Math.round(rate * (1 - share) * (0.95 + 0.1 * this.random()));
    const slower = busy ? 26 : 0;
    const pipeline = this.redis.pipeline();
    const second = {
      at: time,
      prod: this.traffic(prod, this.random() < 0.04 ? 1 : 0, 21 + slower),
      canary: this.traffic(canary, bad ? Math.round(canary * 0.4 * this.random()) : 0, bad ? 48 : 20),
    };
    pipeline.xadd(keys.traffic('proxy-1'), `${time}-*`, 'second', JSON.stringify(second));
    for (const [host, pool, cpu, memory] of hosts) {
      const scaled = pool === 'prod' ? rate / 130 : pool === 'canary' ? 1 + share * 5 : 1;
      const used = cpu * scaled * (0.9 + 0.2 * this.random()) + (busy && host === 'prod-2' ? 21 : 0);
      const own = memory + 2 * Math.sin(minute / 11 + cpu) + (host === 'prod-1' ? (minute + 60) / 14 : 0);
      const sample = {
        ...{ at: time, host, pool, runtime: null },
        service: { cpu: used, memory: own, memoryBytes: own * 1e7, processes: 1, startedAt: this.now - 4e6 },
        droplet: {
          cpu: used + 4,
          memory: own + 12,
          disk: 22,
          load: used,
          receivedPerSecond: 1e5,
          sentPerSecond: 2e5,
        },
      };
      pipeline.xadd(keys.samples(host), `${time}-*`, 'sample', JSON.stringify(sample));
    }
    await pipeline.exec();
  }

  private async writeAutoscale(time: number): Promise<void> {
    const record: AutoscaleRecord = {
      ...{
        at: new Date(time).toISOString(),
        leader: 'redis-1',
        current: 2,
        wanted: 2,
        mean: 24,
        target: 40.5,
      },
      ...{ reason: 'two are enough; one would not be', action: null },
      memory: {
        ...{
          at: time,
          watchedSince: time,
          enough: [],
          joined: {},
          shrankAt: null,
          failures: 0,
          failedAt: null,
        },
        spent: { day: '2026-11-23', hours: 20 },
      },
    };
    await this.redis.set(keys.autoscale, JSON.stringify(record));
  }

  private async writeState(): Promise<void> {
    const { redis } = this;
    await writeFleet(
      redis,
      Object.fromEntries(
        hosts.map(([name, pool], index) => {
          const release = { prod: releases.good, canary: releases.next, proxy: null, redis: null }[pool];
          return [name, { pool, address: `10.10.0.${index + 2}`, port: 80, state: 'in', release }];
        }),
      ),
    );
    const reason = 'step 2 of 4: 388 requests, no sign that the canary is worse';
    await writeRollout(redis, {
      ...{ id: 'r-3', state: 'running', weight: 2000, step: 2, release: releases.next, reason },
      ...{ since: this.at(-6.5), stepSince: this.at(-1.9), plan: planOf(parseConfig('name: shop')) },
      source: { repository: 'git@example.com:shop.git', branch: 'canary' },
    });
    const verdict = {
      ...{ rollout: 'r-3', at: this.at(0), leader: 'redis-1', evidence: 0.41, enough: 3 },
      reason: 'step 3 of 4: p95 is 2 % under production’s; 7 % slower is not excluded yet, about 40 s more',
      canary: { requests: 1863, failures: 2, p50Ms: 19.8, p95Ms: 33.1 },
      prod: { requests: 43_120, failures: 16, p50Ms: 20.4, p95Ms: 33.9 },
      step: { seconds: 41, requests: 942 },
    };
    await redis.set(keys.verdict, JSON.stringify(verdict));
    await redis.set(keys.leader, JSON.stringify({ holder: 'redis-1', token: 7 }));
    const cpu = recordOf('prod-2', 'prod', {
      ...{ value: 38.2, state: 'resolved', since: this.at(-13.9), firedAt: this.at(-13.8) },
      ...{ resolvedAt: this.at(-11.5), reason: 'CPU of prod-2 was at 61.3 %, over 45 % for 3 s' },
    });
    await writeAlertBook(redis, { records: new Map([['prod-2/cpu', cpu]]) });
  }

  private async writeEvents(): Promise<void> {
    const { old, bad, good, next } = releases;
    const controller = 'controller on redis-1';
    const events: [number, string, string, string, string?, number?][] = [
      [-58, 'jenkins-shop-31', 'deploy prod', old],
      [-54, 'jenkins-shop-33', 'deploy canary', bad],
      [-54, 'jenkins-shop-33', 'canary begins', bad, '1 %', 1],
      [-52.5, controller, 'canary step', bad, 'step 1 of 4: 96 requests, no harm', 5],
      [
        -50.8,
        controller,
        'canary rolling back',
        bad,
        'errors: 21 % of 402, production has 0.03 %; evidence 3,900 of 1,000',
        0,
      ],
      [-50.2, controller, 'canary rolled back', bad, 'build #34 (rollback) ended with SUCCESS', 0],
      [-40, 'ann@laptop', 'flag changed', 'tokens', 'for the partners'],
      [-31, 'jenkins-shop-36', 'deploy canary', good],
      [-31, 'jenkins-shop-36', 'canary begins', good, '1 %', 1],
      [-29, controller, 'canary step', good, 'step 1 of 4: 148 requests, no harm', 5],
      [-27, controller, 'canary step', good, 'step 2 of 4: 716 requests, no harm', 20],
      [-24.5, controller, 'canary step', good, 'step 3 of 4: 3,580 requests, no harm', 50],
      [-22.4, controller, 'canary promoting', good, 'step 4 of 4: as good as production', 50],
      [-22, 'jenkins-shop-37', 'deploy prod', good],
      [-22, controller, 'canary promoted', good, 'build #37 (promote) ended with SUCCESS', 0],
      [-13.8, 'prod-2', 'alert', 'prod', 'CPU of prod-2 is at 61.3 %, over 45 % for 3 s'],
      [-11.5, 'prod-2', 'alert over', 'prod', 'CPU of prod-2 is under 40.5 % for 3 s'],
      [-9, 'bob@desk', 'flag changed', 'checkout-v2', 'for a tenth of the visitors'],
      [-6.5, 'jenkins-shop-39', 'deploy canary', next],
      [-6.5, 'jenkins-shop-39', 'canary begins', next, '1 %', 1],
      [-4.2, controller, 'canary step', next, 'step 1 of 4: 152 requests, no harm', 5],
      [
        -1.9,
        controller,
        'canary step',
        next,
        'step 2 of 4: 388 requests, no sign that the canary is worse',
        20,
      ],
    ];
    for (const [minutes, who, what, subject, why, share] of events) {
      const at = this.at(minutes);
      const fields = { who, what, subject, at, ...(why ? { why } : {}) };
      const weight = share === undefined ? [] : ['weight', String(share * 100)];
      await this.redis.xadd(keys.events, `${Date.parse(at)}-*`, ...Object.entries(fields).flat(), ...weight);
    }
  }

  private async writeFlags(): Promise<void> {
    const { redis } = this;
    const flag = (value: boolean, state = 'ENABLED', targeting?: unknown) =>
      JSON.stringify({
        state,
        variants: { on: true, off: false },
        defaultVariant: value ? 'on' : 'off',
        targeting,
      });
    await redis.hset(keys.flags, {
      tokens: flag(true),
      'checkout-v2': flag(false, 'ENABLED', { fractional: [{ var: 'user' }, ['on', 10], ['off', 90]] }),
      'checkout-v2@canary': flag(true),
      'legacy-search': flag(true, 'DISABLED'),
    });
    await redis.incr(keys.revision('flags'));
    const changed = async (field: string, minutes: number, who: string, what: string): Promise<void> => {
      const entry = { at: this.at(minutes), who, what, from: '', to: '' };
      await redis.xadd(keys.flagHistory(field), '*', ...Object.entries(entry).flat());
    };
    await changed('tokens', -40, 'ann', 'flag changed');
    await changed('checkout-v2', -9, 'bob', 'flag changed');
    await changed('legacy-search', -3000, 'ann', 'flag off');
  }

  private traffic(requests: number, failures: number, ms: number): PoolTraffic {
    const latency = new Array<number>(latencyBoundsMs.length + 1).fill(0);
    for (let index = 0; index < requests; index += 1) {
      // Log-normal: the sum of three even ones is near enough to a normal one.
      const normal = (this.random() + this.random() + this.random() - 1.5) * 2;
      const bucket = latencyBucket(ms * Math.exp(0.32 * normal));
      latency[bucket] = (latency[bucket] ?? 0) + 1;
    }
    return { requests, failures: Math.min(failures, requests), latency };
  }

  /** Lehmer's generator: the same scene every time. */
  private random(): number {
    this.seed = (this.seed * 48_271) % 2_147_483_647;
    return this.seed / 2_147_483_647;
  }
}

/** The builds of the scene, as Jenkins lists them. */
export function sceneBuilds(now: number): unknown[] {
  const { bad, good, next, old } = releases;
  const builds: [number, number, number, string | null, string, string, string, string][] = [
    [39, -7.4, 52, 'SUCCESS', 'build', 'canary', 'canary', next],
    [38, -17.2, 31, 'FAILURE', 'build', 'canary', 'canary', 'c0ffee5a1d2b3c4e5f60718293a4b5c6d7e8f901'],
    [37, -22.3, 19, 'SUCCESS', 'promote', 'prod', 'canary', good],
    [36, -31.9, 54, 'SUCCESS', 'build', 'canary', 'canary', good],
    [35, -45.5, 24, 'FAILURE', 'build', 'none', 'main', '0dd1ce0ba5eba11f00d5a1ad5c0ffee1234abcd9'],
    [34, -50.7, 14, 'SUCCESS', 'rollback', 'canary', 'canary', bad],
    [33, -54.9, 50, 'SUCCESS', 'build', 'canary', 'canary', bad],
    [31, -58.6, 33, 'SUCCESS', 'deploy', 'prod', 'main', old],
  ];
  return builds.map(([number, minutes, seconds, result, ACTION, TARGET, BRANCH, COMMIT]) => ({
    ...{ number, url: `http://127.0.0.1/job/shop/${number}/`, result },
    ...{ timestamp: now + minutes * 60_000, duration: seconds * 1000 },
    actions: [
      {},
      {
        parameters: Object.entries({ ACTION, TARGET, BRANCH, COMMIT }).map(([name, value]) => ({
          name,
          value,
        })),
      },
    ],
  }));
}
