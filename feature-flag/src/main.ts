import { createLog } from '@coalmine/fleet/log.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings, serviceSettings } from '@coalmine/fleet/settings.js';
import { z } from 'zod';
import { Access, operatorsSchema, tokensSchema } from './access.js';
import { createApp } from './app.js';
import { FlagSet } from './flag-set.js';
import { ChangeStream } from './routes/changes.js';
import { FlagSource } from './source.js';
import { FlagStore } from './store.js';

const perMinute = (otherwise: number) => z.coerce.number().int().min(1).default(otherwise);

const settingsSchema = serviceSettings.extend({
  FLAGS_FILE: z.string().optional(),
  FLAGS_TOKENS: tokensSchema,
  FLAGS_OPERATORS: operatorsSchema,
  REQUESTS_PER_MINUTE: perMinute(60_000),
  WRITES_PER_MINUTE: perMinute(1200),
});

await runOrExplain('feature-flag', async () => {
  const settings = readSettings(settingsSchema);
  const log = createLog('feature-flag');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
  const source = new FlagSource({
    redis,
    log,
    ...(settings.FLAGS_FILE ? { file: settings.FLAGS_FILE } : {}),
  });
  const store = new FlagStore(redis, source, log);
  const sets = { all: new FlagSet(), prod: new FlagSet('prod'), canary: new FlagSet('canary') };
  const changes = new ChangeStream();
  for (const set of Object.values(sets)) set.replace(source.fields);
  source.on('change', (fields) => {
    const [changed = []] = Object.values(sets).map((set) => set.replace(fields));
    if (changed.length > 0) changes.changed(source.revision, changed);
  });
  const access = new Access(settings.FLAGS_TOKENS, settings.FLAGS_OPERATORS);
  const limits = { requests: settings.REQUESTS_PER_MINUTE, writes: settings.WRITES_PER_MINUTE };
  const service = await runService({
    name: 'feature-flag',
    handler: createApp({ source, store, sets, changes, access, redis, log, limits }),
    log,
    port: settings.PORT,
    host: settings.HOST,
    health: () => ({ ok: true, redis: source.state.fresh && store.ready, revision: source.revision }),
    onStop: async () => {
      store.close();
      await source.close();
      redis.disconnect();
    },
  });
  // A stream has no end of its own: the service would wait for it when it stops.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => changes.close());
  void service;
});
