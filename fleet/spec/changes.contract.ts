import type { Redis } from 'ioredis';
import { watch, type Watched } from '../src/changes.js';
import { createLog } from '../src/log.js';
import { connectRedis } from '../src/redis.js';
import { keys } from '../src/keys.js';
import { beginRollout, readRollout, writeRollout, type Rollout } from '../src/rollout.js';
import { soon, TestRedis } from '../src/testbed.js';

const rollout = (weight: number): Rollout => ({
  ...beginRollout('release', weight, 'a spec', new Date(0)),
  id: 'one',
});

describe('state that is watched', () => {
  let server: TestRedis;
  let writer: Redis;
  let reader: Redis;
  let watched: Watched<Rollout | null>;
  const log = createLog('spec');
  log.level = 'silent';

  beforeEach(async () => {
    server = await TestRedis.start();
    writer = server.client();
    reader = connectRedis(server.url);
    reader.on('error', () => undefined);
    watched = watch({
      redis: reader,
      topics: ['rollout'],
      initial: null,
      read: readRollout,
      log,
      healEveryMs: 300,
    });
    await soon(() => watched.fresh);
  });

  afterEach(async () => {
    watched.close();
    reader.disconnect();
    writer.disconnect();
    await server.stop();
  });

  it('changes as soon as someone writes', async () => {
    await writeRollout(writer, rollout(500));
    expect(await soon(() => watched.current?.weight === 500, 250)).toBeTrue();
  });

  it('heals a notice that was lost', async () => {
    await writer.set(keys.rollout, JSON.stringify(rollout(700)));
    await writer.incr(keys.revision('rollout')); // written, but nobody was told
    expect(await soon(() => watched.current?.weight === 700, 1000)).toBeTrue();
  });

  it('stays what it was while Redis is away, and is right again when it is back', async () => {
    await writeRollout(writer, rollout(500));
    await soon(() => watched.current?.weight === 500);
    await server.kill();
    expect(await soon(() => !watched.fresh)).toBeTrue();
    expect(watched.current?.weight).toBe(500);
    await server.resume();
    await writeRollout(writer, rollout(2000));
    expect(await soon(() => watched.current?.weight === 2000, 3000)).toBeTrue();
  });

  it('does not forget when Redis was emptied', async () => {
    await writeRollout(writer, rollout(500));
    await soon(() => watched.current?.weight === 500);
    await writer.flushall();
    await soon(() => false, 700);
    expect(watched.current?.weight).toBe(500);
  });
});
