import { parseJson } from '@coalmine/fleet/change.js';
import { keys } from '@coalmine/fleet/keys.js';
import type { Rollout } from '@coalmine/fleet/rollout.js';
import type { Verdict } from '@coalmine/fleet/verdict.js';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { evidenceSchema } from '../verdict/evidence.js';
import { alpha, logJointEvidence } from '../verdict/judge.js';
import { quantileMs } from '../verdict/latency.js';

/** What a leader knows of a rollout, kept in Redis so that the next one goes on from the same request. */
const recordSchema = z.object({
  rollout: z.string(),
  step: z.int(),
  cursors: z.record(z.string(), z.string()),
  evidence: evidenceSchema,
});
export type EvidenceRecord = z.infer<typeof recordSchema>;

/** The record of this rollout, or null when nobody has begun to judge it. */
export async function readRecord(redis: Redis, rollout: Rollout): Promise<EvidenceRecord | null> {
  const record = parseJson(await redis.get(keys.evidence), recordSchema);
  return record?.rollout === rollout.id ? record : null;
}

/** Writes the record, and the verdict that people read. */
export function setRecord(
  transaction: ReturnType<Redis['multi']>,
  record: EvidenceRecord,
  leader: string,
  reason: string,
): void {
  transaction.set(keys.evidence, JSON.stringify(record));
  transaction.set(keys.verdict, JSON.stringify(verdictOf(record, leader, reason)));
}

function verdictOf({ rollout, evidence }: EvidenceRecord, leader: string, reason: string): Verdict {
  const pool = (name: 'canary' | 'prod') => ({
    ...evidence.total[name],
    p50Ms: quantileMs(evidence.slowness[name], 0.5),
    p95Ms: quantileMs(evidence.slowness[name], 0.95),
  });
  return {
    ...{ rollout, at: new Date().toISOString(), leader, reason },
    ...{ canary: pool('canary'), prod: pool('prod') },
    evidence: logJointEvidence(evidence) / Math.LN10,
    enough: Math.log10(1 / alpha),
    step: { seconds: evidence.step.seconds, requests: evidence.step.canary.requests },
  };
}
