import { defaultFlag, environments } from '@coalmine/feature-flag/definitions.js';
import { FlagProvider } from '@coalmine/feature-flag/provider.js';
import { createLog } from '@coalmine/fleet/log.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings, serviceSettings } from '@coalmine/fleet/settings.js';
import { OpenFeature } from '@openfeature/server-sdk';
import { z } from 'zod';
import { createApp } from './app.js';

const settingsSchema = serviceSettings.extend({
  /** Where the last known flags are kept. */
  FLAGS_FILE: z.string().optional(),
  /** A flag may differ on the canary. */
  FLAGS_ENVIRONMENT: z.enum(environments).optional(),
});

await runOrExplain('app-server', async () => {
  const settings = readSettings(settingsSchema);
  const log = createLog('app-server');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
  const { FLAGS_FILE: file, FLAGS_ENVIRONMENT: environment } = settings;
  const provider = new FlagProvider({
    redis,
    log,
    ...(file ? { file } : {}),
    ...(environment ? { environment } : {}),
  });
  await OpenFeature.setProviderAndWait(provider).catch((error: Error) =>
    log.warn({ err: error }, 'no flag was ever known here: their defaults hold until Redis answers'),
  );
  const flags = OpenFeature.getClient();
  const tokensOn = (targetingKey: string) => flags.getBooleanValue(defaultFlag, true, { targetingKey });
  await runService({
    name: 'app-server',
    handler: createApp(redis, tokensOn, log),
    log,
    port: settings.PORT,
    host: settings.HOST,
    // Redis away is no reason to leave the rotation: the greeting works, and the others have no Redis either.
    health: () => ({ ok: true, redis: redis.status === 'ready' }),
    onStop: async () => {
      await OpenFeature.close();
      redis.disconnect();
    },
  });
});
