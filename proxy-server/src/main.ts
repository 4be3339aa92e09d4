import { watch } from '@coalmine/fleet/changes.js';
import { createLog } from '@coalmine/fleet/log.js';
import { createMetrics } from '@coalmine/fleet/metrics.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings, serviceSettings } from '@coalmine/fleet/settings.js';
import { readAlert } from '@coalmine/fleet/alerts.js';
import { readFleet } from '@coalmine/fleet/members.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import { appendTraffic } from '@coalmine/fleet/traffic.js';
import type { Redis } from 'ioredis';
import { hostname } from 'node:os';
import { z } from 'zod';
import { Backends } from './backends.js';
import { BucketCookie } from './bucket.js';
import { runHaproxyEngine } from './haproxy/engine.js';
import { Proxy } from './proxy.js';
import { Seconds } from './seconds.js';
import { emptyState, loadState, saveState, type ProxyState } from './state-file.js';
import { Traffic } from './traffic.js';
import { Upgrades } from './upgrade.js';

const settingsSchema = serviceSettings.extend({
  OPERATIONS_PORT: z.coerce.number().int().min(1).max(65_535),
  STATE_FILE: z.string().min(1),
  COOKIE_SECRET: z.string().min(16, 'must have at least 16 characters'),
  /** Share of the canary before any rollout was announced, in 1/100 %. */
  CANARY_WEIGHT: z.coerce.number().int().min(0).max(10_000).default(500),
});

async function readState(redis: Redis): Promise<ProxyState> {
  const [fleet, rollout, alert] = await Promise.all([
    readFleet(redis),
    readRollout(redis),
    readAlert(redis, 'canary'),
  ]);
  return { fleet, rollout, alert: alert !== null };
}

await runOrExplain('proxy-server', async () => {
  if (process.env.PROXY_ENGINE === 'haproxy') {
    await runHaproxyEngine();
    return;
  }
  const settings = readSettings(settingsSchema);
  const log = createLog('proxy-server');
  const metrics = createMetrics('proxy-server');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));

  const backends = new Backends();
  const lastKnown = await loadState(settings.STATE_FILE);
  if (lastKnown) backends.update(lastKnown.fleet);
  const state = watch({
    redis,
    topics: ['fleet', 'rollout', 'alerts'],
    initial: lastKnown ?? emptyState,
    read: readState,
    onChange: (next) => {
      backends.update(next.fleet);
      saveState(settings.STATE_FILE, next).catch((error: unknown) =>
        log.error({ err: error }, 'state not saved'),
      );
    },
    log,
  });

  const traffic = new Traffic(metrics, backends);
  const name = process.env.COALMINE_HOST ?? hostname();
  const seconds = new Seconds((second) => {
    if (state.fresh) appendTraffic(redis, name, second).catch(() => undefined); // Redis' own errors are logged
  });
  seconds.start();
  const cookie = new BucketCookie(settings.COOKIE_SECRET);
  const proxy = new Proxy(
    backends,
    cookie,
    () => state.current,
    settings.CANARY_WEIGHT,
    (outcome) => {
      traffic.count(outcome);
      const { backend, waitedMs, failed, status } = outcome;
      seconds.count(backend.poolName, waitedMs, failed || status >= 500);
    },
  );
  const upgrades = new Upgrades();
  await runService({
    name: 'proxy-server',
    handler: (request, response) => proxy.handle(request, response),
    onUpgrade: (request, socket, head) => upgrades.take(request, socket, head, proxy.pickFor(request)),
    log,
    metrics,
    port: settings.PORT,
    host: settings.HOST,
    operationsPort: settings.OPERATIONS_PORT,
    health: () => ({ ok: true, redis: state.fresh, production: backends.isUsable('prod') }),
    onStop: () => {
      seconds.stop();
      upgrades.close();
      state.close();
      backends.close();
      redis.disconnect();
    },
  });
});
