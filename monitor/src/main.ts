import { createLog } from '@coalmine/fleet/log.js';
import { createMetrics } from '@coalmine/fleet/metrics.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings, serviceSettings } from '@coalmine/fleet/settings.js';
import { pools } from '@coalmine/fleet/keys.js';
import { z } from 'zod';
import { Agent } from './agent.js';
import { controllerSettings, runController } from './rollout/start.js';
import { readCapacity } from './capacity.js';
import { Mailer } from './mail.js';
import { ServiceMeter } from './processes.js';

const settingsSchema = serviceSettings.extend({
  COALMINE_HOST: z.string().min(1),
  POOL: z.enum(pools),
  /** `app-server.service`, or `pid:123`. */
  SERVICE: z.string().min(1),
  CPU_THRESHOLD: z.coerce.number().min(0).max(100).default(45),
  MEMORY_THRESHOLD: z.coerce.number().min(0).max(100).default(45),
  SUSTAINED_MS: z.coerce.number().int().min(0).default(3000),
  SMTP_URL: z.string().default(''),
  MAIL_FROM: z.string().default(''),
  MAIL_TO: z.string().default(''),
  ...controllerSettings.shape,
});

const sampleEveryMs = 1000;

await runOrExplain('monitor', async () => {
  const settings = readSettings(settingsSchema);
  const log = createLog('monitor');
  const metrics = createMetrics('monitor');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
  const capacity = await readCapacity();
  log.info({ capacity, service: settings.SERVICE }, 'measuring');
  const meter = new ServiceMeter(settings.SERVICE, capacity);
  const mail = {
    smtp: settings.SMTP_URL,
    from: settings.MAIL_FROM,
    to: settings.MAIL_TO.split(',').filter(Boolean),
  };
  const agent = new Agent(
    {
      host: settings.COALMINE_HOST,
      pool: settings.POOL,
      thresholds: { cpu: settings.CPU_THRESHOLD, memory: settings.MEMORY_THRESHOLD },
      sustainedMs: settings.SUSTAINED_MS,
    },
    () => meter.measure(),
    redis,
    mail.smtp && mail.to.length > 0 ? new Mailer(mail, log) : null,
    log,
    metrics,
  );
  const controller = settings.CONTROLLER ? runController(settings, settings.COALMINE_HOST, log) : null;
  const timer = setInterval(() => void agent.tick(), sampleEveryMs);
  await runService({
    name: 'monitor',
    handler: (_request, response) => response.writeHead(404).end(),
    log,
    metrics,
    port: settings.PORT,
    host: settings.HOST,
    health: () => ({
      ok: true,
      redis: redis.status === 'ready',
      ...(controller ? { leads: controller.leads } : {}),
    }),
    onStop: async () => {
      clearInterval(timer);
      await controller?.stop();
      redis.disconnect();
    },
  });
});
