import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { change, parseJson } from './change.js';
import { keys } from './keys.js';
import { planSchema, type Plan } from './plan.js';

/**
 * A rollout of one release to the canary, from its first request to its end. `held` waits for a person or for traffic;
 * `rolled-back` and `promoted` are ends. Only `weight` and `salt` matter to the proxies.
 */
export const rolloutSchema = z.object({
  /** Unique; the salt of the split, so that it is not always the same people who try. */
  id: z.string(),
  state: z.enum([
    'idle',
    'running',
    'paused',
    'held',
    'promoting',
    'promoted',
    'rolling-back',
    'rolled-back',
  ]),
  /** Share of the traffic for the canary, in 1/100 %: 0 to 10000. */
  weight: z.int().min(0).max(10_000),
  /** Which of the configured steps, from 0. */
  step: z.int().min(0),
  release: z.string().nullable(),
  /** ISO 8601: when the rollout began, and when its step did. */
  since: z.string(),
  stepSince: z.string(),
  /** Why it is in this state, and who wanted it. */
  reason: z.string(),
  /** Testers' names: a request that carries one in the header or cookie of the proxy's allow-list goes to the canary. */
  allow: z.array(z.string().min(1)).optional(),
  /** The build that brought the release: where its commit comes from, and its branch. */
  source: z.object({ repository: z.string(), branch: z.string() }).optional(),
  /** By which rules it goes on; one without a plan stays as it is until a person decides. */
  plan: planSchema.optional(),
  /** The build that promotes it, or takes the release back from the canary's droplets. */
  build: z
    .object({
      /** ISO 8601: when the leader decided to ask Jenkins, which is written before it does. */
      decided: z.string(),
      queueId: z.int().optional(),
      number: z.int().optional(),
    })
    .optional(),
});
export type Rollout = z.infer<typeof rolloutSchema>;

/** True until the rollout has come to an end: the canary has, or may get again, a share of the traffic. */
export function isActive({ state }: Pick<Rollout, 'state'>): boolean {
  return !['idle', 'promoted', 'rolled-back'].includes(state);
}

/** A rollout's first moment: the release is on the canary, which gets `weight` (1/100 %) of the traffic. */
export function beginRollout(
  release: string,
  weight: number,
  reason: string,
  now = new Date(),
  plan?: Plan,
): Rollout {
  const since = now.toISOString();
  return {
    ...{ id: randomUUID(), state: 'running', step: 0, weight, release, reason },
    ...{ since, stepSince: since },
    ...(plan ? { plan } : {}),
  };
}

/** Reads the rollout, or null when there was none yet. */
export async function readRollout(redis: Redis): Promise<Rollout | null> {
  return parseJson(await redis.get(keys.rollout), rolloutSchema);
}

export async function writeRollout(redis: Redis, rollout: Rollout): Promise<void> {
  await change(redis, 'rollout', (transaction) => setRollout(transaction, rollout));
}

/** The write alone, for a transaction that writes more. */
export function setRollout(transaction: ReturnType<Redis['multi']>, rollout: Rollout): void {
  transaction.set(keys.rollout, JSON.stringify(rolloutSchema.parse(rollout)));
}
