import { dirname, join } from 'node:path';
import type { RequestListener } from 'node:http';
import { connectRedis } from '@coalmine/fleet/redis.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import { JenkinsJob, jenkinsOf } from '../rollout/jenkins.js';
import type { ControllerSettings } from '../rollout/start.js';
import { readAssets } from './assets.js';
import { readBuilds } from './builds.js';
import { Feed } from './feed.js';
import { dashboardHandler } from './handler.js';
import { Orders } from './orders.js';

/** The settings of a monitor that serves the dashboard. */
export const dashboardSettings = z.object({
  DASHBOARD: z.stringbool().default(false),
  /** Redis as the user that may read everything; the agent's own URL if it is not given. */
  DASHBOARD_REDIS_URL: z.string().default(''),
  /** SHA-256 of the operator's token, hex; without one the page has no buttons. */
  DASHBOARD_TOKEN_SHA256: z
    .string()
    .regex(/^([0-9a-f]{64})?$/, 'must be a SHA-256 in lower-case hex')
    .default(''),
  /** Names, beside addresses and localhost, under which the page is served, comma-separated. */
  DASHBOARD_NAMES: z
    .string()
    .default('')
    .transform((text) => text.toLowerCase().split(',').filter(Boolean)),
});

export type Settings = z.infer<typeof dashboardSettings> &
  ControllerSettings & { REDIS_URL: string; CPU_THRESHOLD: number; MEMORY_THRESHOLD: number };

export interface Dashboard {
  handler: RequestListener;
  /** Ends the streams, so that the service can stop. */
  close(): void;
  stop(): void;
}

/** The dashboard with its connections; the page's files stand beside the program. */
export function startDashboard(settings: Settings, log: Logger): Dashboard {
  const redis = connectRedis(settings.DASHBOARD_REDIS_URL || settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis of the dashboard'));
  const ordering = redis.duplicate();
  ordering.on('error', () => undefined); // the first connection's errors tell the story
  const jenkins = jenkinsOf(settings);
  const token = settings.DASHBOARD_TOKEN_SHA256;
  const feed = new Feed({
    ...{ redis, log },
    builds: jenkins && (() => readBuilds(jenkins)),
    thresholds: { cpu: settings.CPU_THRESHOLD, memory: settings.MEMORY_THRESHOLD },
    orders: { token: token !== '', jenkins: jenkins !== null },
  });
  const handler = dashboardHandler({
    ...{ feed, log, tokenSha256: token, names: settings.DASHBOARD_NAMES },
    assets: readAssets(join(dirname(process.argv[1] ?? ''), 'page')),
    orders: new Orders({ redis: ordering, jenkins: jenkins && new JenkinsJob(jenkins) }),
  });
  return {
    handler,
    close: () => handler.close(),
    stop: () => {
      feed.stop();
      redis.disconnect();
      ordering.disconnect();
    },
  };
}
