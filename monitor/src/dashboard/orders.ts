import { randomUUID } from 'node:crypto';
import { writeAlertBook } from '@coalmine/fleet/alert-records.js';
import { Conflict } from '@coalmine/fleet/change.js';
import { recordEvent } from '@coalmine/fleet/events.js';
import { carryOut, Refused } from '@coalmine/fleet/orders.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { JenkinsJob } from '../rollout/jenkins.js';

const by = {
  /** The person, as they call themselves; the token proves only an operator. */
  who: z
    .string()
    .trim()
    .regex(/^[\w.@ -]{1,60}$/, 'must be 1 to 60 letters, digits, spaces or . @ - _'),
  why: z.string().trim().max(200).default(''),
};
/** What an operator in a hurry may want. */
export const orderSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['abort', 'pause', 'resume', 'promote']),
    /** The rollout that the operator has seen: another one is not touched. */
    rollout: z.string(),
    ...by,
  }),
  z.object({ kind: z.literal('rollback'), ...by }),
  z.object({
    kind: z.literal('silence'),
    host: z.string().min(1).max(100),
    rule: z.string().min(1).max(100),
    minutes: z
      .int()
      .min(1)
      .max(24 * 60),
    ...by,
  }),
]);
export type OperatorOrder = z.input<typeof orderSchema>;

export interface OrderParts {
  /** A connection of its own: orders watch keys, and so go one after the other. */
  redis: Redis;
  jenkins: JenkinsJob | null;
}

/** Carries out orders one after the other; each is in the audit log under the person's name. */
export class Orders {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: OrderParts) {}

  /** Returns what was done, in a sentence. Throws a Refused when the order makes no sense now. */
  give(order: z.infer<typeof orderSchema>): Promise<string> {
    const done = this.last.then(() => this.obey(order));
    this.last = done.catch(() => undefined);
    return done;
  }

  private async obey(order: z.infer<typeof orderSchema>): Promise<string> {
    const { redis } = this.parts;
    const who = `${order.who} (dashboard)`;
    const why = order.why || 'by hand';
    switch (order.kind) {
      case 'rollback':
        return this.rollBack(who, why);
      case 'silence': {
        const { host, rule, minutes } = order;
        const until = new Date(Date.now() + minutes * 60_000).toISOString();
        const silence = { id: randomUUID(), host, rule, until, by: who, why };
        await recordEvent(redis, {
          who,
          what: `silence ${rule}`,
          subject: host,
          why: `${why}, ${minutes} min`,
        });
        await writeAlertBook(redis, { silences: new Map([[silence.id, silence]]) });
        return `No mail about ${rule} of ${host} for ${minutes} minutes`;
      }
      default: {
        const next = await carryOut(redis, { kind: order.kind }, { who, why }, order.rollout).catch(
          (error: unknown) => {
            if (!(error instanceof Conflict)) throw error;
            throw new Refused('The rollout is changing just now', 'Look again, then decide again.');
          },
        );
        return `The rollout is ${next.state}; the canary gets ${next.weight / 100} % of the traffic`;
      }
    }
  }

  /** Production goes back to its release before, by Jenkins: there every action is on record. */
  private async rollBack(who: string, why: string): Promise<string> {
    const { redis, jenkins } = this.parts;
    if (!jenkins) throw new Refused('Jenkins is not configured here', 'Run: coalmine rollback --target prod');
    const source = (await readRollout(redis))?.source;
    await recordEvent(redis, { who, what: 'rollback asked', subject: 'prod', why });
    const id = await jenkins.trigger({
      ...{ REPO: source?.repository ?? '', COMMIT: '', BRANCH: source?.branch ?? 'main' },
      ...{ TARGET: 'prod', ACTION: 'rollback' },
    });
    return `Jenkins is rolling production back (item ${id} of its queue)`;
  }
}
