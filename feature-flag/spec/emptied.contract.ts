import { writeFlag } from '@coalmine/fleet/flags.js';
import { keys } from '@coalmine/fleet/keys.js';
import { createLog } from '@coalmine/fleet/log.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { soon, TestRedis } from '@coalmine/fleet/testbed.js';
import { FlagSource } from '../src/source.js';
import { flag } from './service.js';

describe('the source of flags', () => {
  it('takes an emptied Redis that has counted up to the same revision for no news', async () => {
    const server = await TestRedis.start();
    const [writer, redis] = [server.client(), connectRedis(server.url)];
    redis.on('error', () => undefined);
    const log = createLog('spec');
    log.level = 'silent';
    const source = new FlagSource({ redis, log, healEveryMs: 50 });
    await writeFlag(writer, 'kept', flag('off'));
    expect(await soon(() => source.fields.has('kept'))).toBeTrue();
    await writer.flushall();
    expect(await soon(() => source.state.lost)).toBeTrue();
    await writeFlag(writer, 'other', flag('on'));
    expect(await writer.get(keys.revision('flags'))).toBe(String(source.revision));
    expect(await soon(() => source.fields.has('other'))).toBeTrue();
    expect(source.fields.has('kept')).toBeTrue();
    await source.close();
    redis.disconnect();
    writer.disconnect();
    await server.stop();
  });
});
