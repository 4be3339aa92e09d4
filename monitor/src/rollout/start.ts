import { autoscaleRulesSchema } from '@coalmine/fleet/autoscale.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import type { Rollout } from '@coalmine/fleet/rollout.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AutoscaleDuty } from '../autoscale/duty.js';
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
  /** The rules of autoscaling, as JSON; empty: production keeps its size. */
  AUTOSCALE: z
    .string()
    .default('')
    .transform((text, context) => {
      try {
        return text.trim() === '' ? null : (JSON.parse(text) as unknown);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(autoscaleRulesSchema.nullable()),
  LEASE_MS: z.coerce.number().int().min(300).default(3000),
});
export type ControllerSettings = z.infer<typeof controllerSettings>;

/** Starts the controller with its duties; it leads as soon as nobody else does. `onRollout` is told of each new state. */
export function runController(
  settings: ControllerSettings & { REDIS_URL: string },
  holder: string,
  log: Logger,
  others: readonly Duty[] = [],
  onRollout: (rollout: Rollout) => void = () => undefined,
): Controller {
  const redis = connectRedis(settings.CONTROLLER_REDIS_URL || settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis of the controller'));
  const access = jenkinsOf(settings);
  const jenkins = access && new JenkinsJob(access);
  const rollout = new RolloutDuty({
    ...{ redis, jenkins, log },
    onTransition: (next, { next: { state } }) => state && onRollout(next),
  });
  const rules = settings.AUTOSCALE;
  const autoscale = rules ? [new AutoscaleDuty({ redis, jenkins, rules, log })] : [];
  const controller = startController({
    ...{ redis, holder, log, leaseMs: settings.LEASE_MS },
    duties: [rollout, ...autoscale, ...others],
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
