import { createLog } from '@coalmine/fleet/log.js';
import { createMetrics } from '@coalmine/fleet/metrics.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import type { Rollout } from '@coalmine/fleet/rollout.js';
import { runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings } from '@coalmine/fleet/settings.js';
import { Agent } from './agent/agent.js';
import { readCapacity } from './agent/capacity.js';
import { DropletMeter } from './agent/droplet-meter.js';
import { Gauges } from './agent/gauges.js';
import { Outbox } from './agent/outbox.js';
import { RuntimeMeter } from './agent/runtime-meter.js';
import { ServiceMeter } from './agent/service-meter.js';
import { noDataDuty } from './alerts/no-data.js';
import { Notifier } from './alerts/notifier.js';
import { OwnAlerts } from './alerts/own-alerts.js';
import { startDashboard } from './dashboard/start.js';
import { Herald } from './mail/herald.js';
import { testReceivers } from './mail-test.js';
import { openSpool } from './receivers.js';
import { runController } from './rollout/start.js';
import { rulesOf, settingsSchema } from './settings.js';

const sampleEveryMs = 1000;
const runtimeEveryMs = 5000;

await runOrExplain('monitor', async () => {
  const settings = readSettings(settingsSchema);
  if (process.argv[2] === 'mail-test') {
    process.stdout.write(`${JSON.stringify(await testReceivers(settings))}\n`);
    return;
  }
  const log = createLog('monitor');
  const metrics = createMetrics('monitor', sampleEveryMs);
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));
  const capacity = readCapacity();
  log.info({ capacity, service: settings.SERVICE }, 'measuring');

  const droplet = { host: settings.COALMINE_HOST, pool: settings.POOL, service: settings.SERVICE };
  const serviceMeter = new ServiceMeter(settings.SERVICE, capacity);
  const dropletMeter = new DropletMeter(capacity);
  const runtimeMeter = new RuntimeMeter(settings.SERVICE_METRICS_URL);
  const spool = await openSpool(settings, log);
  const outbox = new Outbox(redis);
  const ownSamples = { host: droplet.host, latest: (count: number) => outbox.latest(count) };
  const herald = new Herald({ redis, spool, ownSamples });
  const notifier = new Notifier({
    ...{ redis, me: droplet.host, repeatMs: settings.REPEAT_MS, log },
    deliver: (pool, notices) => herald.deliver(pool, notices),
  });
  const alerts = new OwnAlerts(droplet, rulesOf(settings));
  const gauges = new Gauges(metrics);
  const agent = new Agent({
    ...{ droplet, alerts, outbox, notifier, redis, log },
    measure: async () => ({
      service: await serviceMeter.measure(),
      droplet: dropletMeter.measure(),
      runtime: runtimeMeter.current,
    }),
    onSample: (sample) => gauges.show(sample, alerts.records.values(), outbox.unsent, spool.waiting),
  });
  const noData = noDataDuty({ redis, notifier, me: droplet.host, noDataMs: settings.NO_DATA_MS, log });
  const onRollout = (rollout: Rollout): void =>
    void herald
      .tellRollout(rollout)
      .catch((error: unknown) => log.error({ err: error }, 'a mail was not written'));
  const controller = settings.CONTROLLER
    ? runController(settings, droplet.host, log, [noData], onRollout)
    : null;
  const dashboard = settings.DASHBOARD ? startDashboard(settings, log) : null;
  process.once('SIGTERM', () => dashboard?.close());
  const timers = [
    setInterval(() => void agent.tick(), sampleEveryMs),
    setInterval(() => void runtimeMeter.ask(), runtimeEveryMs),
  ];
  await runService({
    name: 'monitor',
    handler: dashboard?.handler ?? ((_request, response) => response.writeHead(404).end()),
    ...{ log, metrics, port: settings.PORT, host: settings.HOST },
    health: () => ({
      ...{ ok: true, redis: redis.status === 'ready', mailWaiting: spool.waiting },
      ...(controller ? { leads: controller.leads } : {}),
    }),
    onStop: async () => {
      for (const timer of timers) clearInterval(timer);
      await controller?.stop();
      dashboard?.stop();
      runtimeMeter.close();
      spool.stop();
      redis.disconnect();
    },
  });
});
