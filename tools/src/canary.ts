import { carryOut, Refused, type Order } from '@coalmine/fleet/orders.js';
import type { Redis } from 'ioredis';
import { Problem } from './problem.js';

/** Carries out a person's order. Throws a Problem when it makes no sense now. */
export async function command(redis: Redis, wanted: Order, who: string, why?: string): Promise<void> {
  try {
    await carryOut(redis, wanted, { who, ...(why ? { why } : {}) });
  } catch (error) {
    if (error instanceof Refused) throw new Problem(error.message, error.wayOut, { cause: error });
    throw error;
  }
}
