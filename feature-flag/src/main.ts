import { createLog } from '@coalmine/fleet/log.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings, serviceSettings } from '@coalmine/fleet/settings.js';
import { createApp } from './app.js';

await runOrExplain('feature-flag', async () => {
  const settings = readSettings(serviceSettings);
  const log = createLog('feature-flag');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
  await runService({
    name: 'feature-flag',
    handler: createApp(redis, log),
    log,
    port: settings.PORT,
    host: settings.HOST,
    health: () => ({ ok: true, redis: redis.status === 'ready' }),
    onStop: () => redis.disconnect(),
  });
});
