import { z } from 'zod';
import type { Sample } from './projection.js';

/** Requests and events of the blocks before, the older ones weighing less. */
export const ratesSchema = z.object({ requests: z.number(), events: z.number() });
export type Rates = z.infer<typeof ratesSchema>;

/** What is believed before anything was seen: a mean, worth as much as `strength` requests. */
export interface Belief {
  mean: number;
  strength: number;
}

/** Of what was learnt, this much is left after a block: a half after about six minutes of seconds. */
const keptPerBlock = 1 - 1 / 500;

export function forget({ requests, events }: Rates): Rates {
  return { requests: requests * keptPerBlock, events: events * keptPerBlock };
}

export function learn(rates: Rates, { requests, events }: Sample): Rates {
  return { requests: rates.requests + requests, events: rates.events + events };
}

/** The rate that is expected of the next block: the mean of the Beta distribution after what was seen. */
export function foretell({ requests, events }: Rates, { mean, strength }: Belief): number {
  return (events + mean * strength) / (requests + strength);
}
