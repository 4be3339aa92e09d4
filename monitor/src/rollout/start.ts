import { connectRedis } from '@coalmine/fleet/redis.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import { startController, type Controller, type Duty } from '../controller.js';
import { RolloutDuty } from './duty.js';
import { JenkinsJob, jenkinsOf } from './jenkins.js';

/** The settings of a monitor that may lead. */
export const controllerSettings = z.object({
  CONTROLLER: z.stringbool().default(false),
  /** Redis as the user that may write the rollout; the agent's own URL if it is not given. */
  CONTROLLER_REDIS_URL: z.string().default(''),
  JENKINS_URL: z.string().default(''),
  JENKINS_USER: z.string().default(''),
  JENKINS_TOKEN: z.string().default(''),
  JENKINS_JOB: z.string().default('coalmine'),
  LEASE_MS: z.coerce.number().int().min(300).default(3000),
});
export type ControllerSettings = z.infer<typeof controllerSettings>;

/** Starts the controller with its duties; it leads as soon as nobody else does. */
export function runController(
  settings: ControllerSettings & { REDIS_URL: string },
  holder: string,
  log: Logger,
  others: readonly Duty[] = [],
): Controller {
  const redis = connectRedis(settings.CONTROLLER_REDIS_URL || settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis of the controller'));
  const jenkins = jenkinsOf(settings);
  const rollout = new RolloutDuty({ redis, jenkins: jenkins && new JenkinsJob(jenkins), log });
  const controller = startController({
    ...{ redis, holder, log, leaseMs: settings.LEASE_MS },
    duties: [rollout, ...others],
  });
  return {
    get leads() {
      return controller.leads;
    },
    async stop() {
      await controller.stop();
      redis.disconnect();
    },
  };
}
