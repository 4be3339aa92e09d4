import { defaultFlag } from '@coalmine/feature-flag/definitions.js';
import { FlagProvider } from '@coalmine/feature-flag/provider.js';
import { createLog } from '@coalmine/fleet/log.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings, serviceSettings } from '@coalmine/fleet/settings.js';
import { createApp } from './app.js';

await runOrExplain('app-server', async () => {
  const settings = readSettings(serviceSettings);
  const log = createLog('app-server');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
  const flags = new FlagProvider(redis, log);
  await runService({
    name: 'app-server',
    handler: createApp(redis, () => flags.isOn(defaultFlag, true), log),
    log,
    port: settings.PORT,
    host: settings.HOST,
    // Redis away is no reason to leave the rotation: the greeting works, and the others have no Redis either.
    health: () => ({ ok: true, redis: redis.status === 'ready' }),
    onStop: () => {
      flags.close();
      redis.disconnect();
    },
  });
});
