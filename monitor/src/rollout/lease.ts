import { change, Conflict } from '@coalmine/fleet/change.js';
import { keys, type Topic } from '@coalmine/fleet/keys.js';
import type { Redis } from 'ioredis';

/** What a turn of a duty may write, or null for nothing. */
export type Write = ((transaction: ReturnType<Redis['multi']>) => void) | null;

/** Someone else leads now. What was about to be written was not. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/**
 * The time in which one process leads. Its token is larger than that of every leader before (the fencing token); a write
 * goes through `fenced` and reaches Redis only while the lease in there still is this one, so that a leader that was
 * paused or cut off, and does not know that it has a successor, changes nothing.
 */
export class Leadership {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly redis: Redis,
    readonly holder: string,
    readonly token: number,
  ) {}

  get text(): string {
    return JSON.stringify({ holder: this.holder, token: this.token });
  }

  /**
   * Reads with `prepare`, then writes what it returns in one MULTI, announced to the readers of `topic`. Throws
   * LeaseLost, or Conflict when one of the `watched` keys was changed meanwhile; either way nothing was written.
   */
  fenced(
    topic: Topic | null,
    watched: readonly string[],
    prepare: (redis: Redis) => Promise<Write>,
  ): Promise<boolean> {
    // One after the other: an EXEC would end the WATCH of another on the same connection.
    const next = this.last.then(() => this.write(topic, watched, prepare));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async write(
    topic: Topic | null,
    watched: readonly string[],
    prepare: (redis: Redis) => Promise<Write>,
  ): Promise<boolean> {
    const { redis } = this;
    try {
      await redis.watch(keys.leader, ...watched);
      if ((await redis.get(keys.leader)) !== this.text)
        throw new LeaseLost(`${this.holder} does not lead any more`);
      const write = await prepare(redis);
      if (!write) {
        await redis.unwatch();
        return false;
      }
      if (topic) await change(redis, topic, write);
      else await plainly(redis, write);
      return true;
    } catch (error) {
      await redis.unwatch().catch(() => undefined);
      throw error;
    }
  }
}

/** Tries to lead. Returns null while somebody else does; the lease ends after `leaseMs` unless it is renewed. */
export async function campaign(redis: Redis, holder: string, leaseMs: number): Promise<Leadership | null> {
  if ((await redis.get(keys.leader)) !== null) return null;
  const leadership = new Leadership(redis, holder, await redis.incr(keys.leaderToken));
  const won = await redis.set(keys.leader, leadership.text, 'PX', leaseMs, 'NX');
  return won === 'OK' ? leadership : null;
}

/** Prolongs the lease. Throws LeaseLost when it is someone else's by now. */
export async function renew(leadership: Leadership, leaseMs: number): Promise<void> {
  await leadership.fenced(null, [], async () => (transaction) => {
    transaction.pexpire(keys.leader, leaseMs);
  });
}

/** Gives the lease back, so that the next leader need not wait for its end. */
export async function resign(leadership: Leadership): Promise<void> {
  await leadership.fenced(null, [], async () => (transaction) => {
    transaction.del(keys.leader);
  });
}

async function plainly(redis: Redis, write: NonNullable<Write>): Promise<void> {
  const transaction = redis.multi();
  write(transaction);
  const answers = await transaction.exec();
  if (answers === null) throw new Conflict('a watched key was changed by someone else meanwhile');
  for (const [error] of answers) if (error) throw error;
}
