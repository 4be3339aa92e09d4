import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertRules, alertRuleSchema, type AlertRule } from '@coalmine/fleet/alert-rules.js';
import { pools } from '@coalmine/fleet/keys.js';
import { serviceSettings } from '@coalmine/fleet/settings.js';
import { z } from 'zod';
import { dashboardSettings } from './dashboard/start.js';
import { controllerSettings } from './rollout/start.js';

/** What the monitor reads from its environment. */
export const settingsSchema = serviceSettings.extend({
  COALMINE_HOST: z.string().min(1),
  POOL: z.enum(pools),
  /** `app-server.service`, or `pid:123`. */
  SERVICE: z.string().min(1),
  /** `/metrics` of our own service on the droplet; empty: none. */
  SERVICE_METRICS_URL: z.union([z.literal(''), z.url()]).default(''),
  CPU_THRESHOLD: z.coerce.number().min(0).max(100).default(45),
  MEMORY_THRESHOLD: z.coerce.number().min(0).max(100).default(45),
  SUSTAINED_MS: z.coerce.number().int().min(0).default(3000),
  /** The fleet's own rules, as JSON. */
  ALERT_RULES: z
    .string()
    .default('[]')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(z.array(alertRuleSchema)),
  NO_DATA_MS: z.coerce.number().int().min(1000).default(10_000),
  REPEAT_MS: z.coerce.number().int().min(1000).default(3_600_000),
  SMTP_URL: z.string().default(''),
  MAIL_FROM: z.string().default(''),
  MAIL_TO: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean)),
  WEBHOOK_URL: z.union([z.literal(''), z.url()]).default(''),
  /** Where messages wait for their receivers; systemd sets it. */
  STATE_DIRECTORY: z.string().optional(),
  ...controllerSettings.shape,
  ...dashboardSettings.shape,
});
export type Settings = z.infer<typeof settingsSchema>;

/** All rules that hold on this droplet's fleet. */
export function rulesOf(settings: Settings): AlertRule[] {
  return alertRules({
    ...{ cpu: settings.CPU_THRESHOLD, memory: settings.MEMORY_THRESHOLD },
    ...{ sustained: settings.SUSTAINED_MS, rules: settings.ALERT_RULES },
  });
}

/** The folder of waiting messages; without one of systemd's, a new one that no restart finds again. */
export async function spoolFolder({ STATE_DIRECTORY: folder }: Settings): Promise<string> {
  return join(folder ?? (await mkdtemp(join(tmpdir(), 'coalmine-monitor-'))), 'spool');
}
