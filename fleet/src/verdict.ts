import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseJson } from './change.js';
import { keys } from './keys.js';

const poolSchema = z.object({
  requests: z.int(),
  failures: z.int(),
  /** ms; null while there was no request. */
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
});

/** What the leader thinks of the rollout, written anew with every second of traffic. */
export const verdictSchema = z.object({
  rollout: z.string(),
  /** ISO 8601: when it was written. A leader that is away leaves an old one. */
  at: z.string(),
  leader: z.string(),
  /** What it waits for, or why it acted. */
  reason: z.string(),
  canary: poolSchema,
  prod: poolSchema,
  /** log10 of the E value for "the canary is worse", and at which it has to go. */
  evidence: z.number(),
  enough: z.number(),
  /** Seconds with figures, and the canary's requests, in this step. */
  step: z.object({ seconds: z.int(), requests: z.int() }),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** The last verdict, or null when there was none yet. */
export async function readVerdict(redis: Redis): Promise<Verdict | null> {
  return parseJson(await redis.get(keys.verdict), verdictSchema);
}

const leaderSchema = z.object({ holder: z.string(), token: z.int() });

/** Who leads just now, or null when nobody does: then no rollout moves. */
export async function readLeader(redis: Redis): Promise<z.infer<typeof leaderSchema> | null> {
  return parseJson(await redis.get(keys.leader), leaderSchema);
}
