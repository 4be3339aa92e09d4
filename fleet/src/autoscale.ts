import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseJson } from './change.js';
import type { Config } from './config.js';
import { duration } from './duration.js';
import { keys } from './keys.js';

/** The section `autoscale` of `coalmine.yml`. */
export const autoscaleSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Only matters where pools.prod has a max over its min'),
  target: z
    .number()
    .min(1)
    .max(100)
    .optional()
    .describe('Mean CPU of production to aim at, %; nine tenths of monitor.cpu by default'),
  tolerance: z.number().min(0).max(90).default(10).describe('So many % from the target nothing happens'),
  window: duration.prefault('15s').describe('How far back the mean reaches'),
  stabilisation: duration
    .prefault('5m')
    .describe('How long fewer droplets must have been enough before one goes'),
  cooldown: duration.prefault('60s').describe('Pause between two droplets that go, and after a failure'),
  warmUp: duration.prefault('30s').describe('The figures of a new droplet do not count for so long'),
  budget: z
    .number()
    .min(0)
    .optional()
    .describe('Droplet hours that production may use a day (UTC); the minimum runs in any case'),
});

/** By which rules production grows and shrinks. Times in ms. */
export const autoscaleRulesSchema = z.object({
  min: z.int().min(1),
  max: z.int().min(1),
  /** What the mean CPU of the droplets in rotation is to be, %. */
  target: z.number().min(1).max(100),
  /** So far from the target, %, nothing happens. */
  tolerance: z.number().min(0).max(90),
  /** How far back the mean reaches. */
  windowMs: z.int().min(1000),
  /** How long less must have been enough before a droplet goes. */
  stabilisationMs: z.int().min(0),
  /** Pause between two droplets that go, and after a failure. */
  cooldownMs: z.int().min(0),
  /** A droplet counts as capacity at once, its figures only when it has served for so long. */
  warmUpMs: z.int().min(0),
  /** Droplet hours of production that a day (UTC) may cost; null: no limit. */
  budgetHours: z.number().min(0).nullable(),
  /** The branch whose pipeline carries an action out. */
  branch: z.string().min(1),
});
export type AutoscaleRules = z.infer<typeof autoscaleRulesSchema>;

/** The rules of a fleet, or null when there is nothing to decide: switched off, or a pool of a fixed size. */
export function autoscaleRules({ autoscale, monitor, pools }: Config): AutoscaleRules | null {
  const { min, max, branch } = pools.prod;
  if (!autoscale.enabled || min === max) return null;
  return {
    ...{ min, max, branch, tolerance: autoscale.tolerance, budgetHours: autoscale.budget ?? null },
    // With the usual tolerance it acts just before the alert would.
    target: autoscale.target ?? Math.max(1, Math.round(monitor.cpu * 9) / 10),
    windowMs: autoscale.window,
    stabilisationMs: autoscale.stabilisation,
    cooldownMs: autoscale.cooldown,
    warmUpMs: autoscale.warmUp,
  };
}

/** What the next decision, perhaps another leader's, has to know of those before. Times in ms since the epoch. */
export const autoscaleMemorySchema = z.object({
  /** When it was decided last, and since when without a gap. */
  at: z.number(),
  watchedSince: z.number(),
  /** Sizes that would have been enough, falling: each the largest since its time. */
  enough: z.array(z.object({ at: z.number(), size: z.int() })),
  /** When each droplet in rotation was first seen there. */
  joined: z.record(z.string(), z.number()),
  /** When the last droplet was sent away; null: none yet. */
  shrankAt: z.number().nullable(),
  /** Actions that failed in a row, and when the last one did. */
  failures: z.int().min(0),
  failedAt: z.number().nullable(),
  /** Droplet hours used on a day (UTC, `2026-11-23`). */
  spent: z.object({ day: z.string(), hours: z.number().min(0) }),
});
export type AutoscaleMemory = z.infer<typeof autoscaleMemorySchema>;

/** What the autoscaler thinks and does, for people and for the next leader. */
export const autoscaleRecordSchema = z.object({
  /** ISO 8601. */
  at: z.string(),
  leader: z.string(),
  /** Droplets of production in rotation; how many are wanted. */
  current: z.int(),
  wanted: z.int(),
  /** The mean CPU that it was decided by, %; null: unknown. */
  mean: z.number().nullable(),
  target: z.number(),
  reason: z.string(),
  /** The build that carries an action out; null: none is under way. */
  action: z
    .object({
      from: z.int(),
      to: z.int(),
      decided: z.string(),
      queueId: z.int().optional(),
      number: z.int().optional(),
    })
    .nullable(),
  memory: autoscaleMemorySchema,
});
export type AutoscaleRecord = z.infer<typeof autoscaleRecordSchema>;

/** The autoscaler's record, or null when it never decided. */
export async function readAutoscale(redis: Redis): Promise<AutoscaleRecord | null> {
  return parseJson(await redis.get(keys.autoscale), autoscaleRecordSchema);
}
