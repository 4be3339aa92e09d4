import { Conflict } from '@coalmine/fleet/change.js';
import { keys } from '@coalmine/fleet/keys.js';
import { soon, TestRedis } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { campaign, LeaseLost, renew, resign } from '../src/rollout/lease.js';

describe('the lease of the one leader', () => {
  let server: TestRedis;
  let one: Redis;
  let other: Redis;

  beforeEach(async () => {
    server = await TestRedis.start();
    one = server.client();
    other = server.client();
  });
  afterEach(async () => {
    one.disconnect();
    other.disconnect();
    await server.stop();
  });

  it('is one’s until it ends, whoever else tries', async () => {
    const leader = await campaign(one, 'redis-1', 5000);
    expect(leader?.token).toBe(1);
    expect(await campaign(other, 'redis-2', 5000)).toBeNull();
    if (leader) await resign(leader);
    expect((await campaign(other, 'redis-2', 5000))?.holder).toBe('redis-2');
  });

  it('lets a leader that overslept write nothing: its successor has a larger token', async () => {
    const asleep = await campaign(one, 'redis-1', 50);
    expect(await soon(async () => (await one.exists(keys.leader)) === 0)).toBeTrue();
    const successor = await campaign(other, 'redis-2', 5000);
    expect(successor?.token).toBeGreaterThan(asleep?.token ?? Infinity);
    const write = asleep?.fenced('rollout', [], async () => (transaction) => {
      transaction.set(keys.rollout, 'stale');
    });
    await expectAsync(write).toBeRejectedWithError(LeaseLost);
    await expectAsync(asleep ? renew(asleep, 5000) : null).toBeRejectedWithError(LeaseLost);
    expect(await one.get(keys.rollout)).toBeNull();
  });

  it('lets it write nothing either when the successor comes between its look and its write', async () => {
    const asleep = await campaign(one, 'redis-1', 5000);
    const write = asleep?.fenced('rollout', [], async () => {
      await other.set(keys.leader, 'the successor');
      return (transaction) => transaction.set(keys.rollout, 'stale');
    });
    await expectAsync(write).toBeRejectedWithError(Conflict);
    expect(await one.get(keys.rollout)).toBeNull();
  });

  it('keeps two writers of one leader out of each other’s way', async () => {
    const leader = await campaign(one, 'redis-1', 5000);
    const add = () =>
      leader?.fenced(null, [keys.verdict], async (redis) => {
        const count = Number(await redis.get(keys.verdict));
        return (transaction) => transaction.set(keys.verdict, String(count + 1));
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await one.get(keys.verdict)).toBe('20');
  });
});
