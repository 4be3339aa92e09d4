import { randomUUID } from 'node:crypto';
import type { Silence } from '@coalmine/fleet/alert-records.js';
import { duration } from '@coalmine/fleet/duration.js';
import { pools } from '@coalmine/fleet/keys.js';
import { z } from 'zod';
import { Problem } from './problem.js';

export interface SilenceOptions {
  host?: string;
  pool?: string;
  rule?: string;
  for: string;
  why?: string;
}

/** The silence that was asked for. Throws a Problem when it names nothing, a pool that is none, or no length of time. */
export function silenceOf(options: SilenceOptions, by: string, now: Date): Silence {
  const { host, rule } = options;
  if (!host && !rule && !options.pool)
    throw new Problem(
      'This would silence every alert there is',
      'Say which: --host prod-1, --pool canary, --rule cpu, or several of these.',
    );
  const pool = options.pool === undefined ? undefined : z.enum(pools).safeParse(options.pool).data;
  if (options.pool !== undefined && !pool)
    throw new Problem(`--pool: "${options.pool}" is not a pool`, `Pools are ${pools.join(', ')}.`);
  const length = duration.safeParse(options.for);
  if (!length.success)
    throw new Problem(`--for: "${options.for}" is not a length of time`, 'Such as 30m or 2h.');
  return {
    id: randomUUID().slice(0, 8),
    ...(host ? { host } : {}),
    ...(pool ? { pool } : {}),
    ...(rule ? { rule } : {}),
    ...{ until: new Date(now.getTime() + length.data).toISOString(), by, why: options.why ?? 'by hand' },
  };
}

/** What a silence is about, in words. */
export function silenceText({ host, pool, rule }: Silence): string {
  return [rule ? `rule ${rule}` : 'every rule', host ? `on ${host}` : '', pool ? `in ${pool}` : '']
    .filter(Boolean)
    .join(' ');
}
