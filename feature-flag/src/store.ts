import { change, Conflict } from '@coalmine/fleet/change.js';
import { evaluatorsField } from '@coalmine/fleet/flags.js';
import { keys } from '@coalmine/fleet/keys.js';
import type { Logger } from '@coalmine/fleet/log.js';
import type { Redis } from 'ioredis';
import type { FlagSource } from './source.js';

/** Who changes something, and why if they say so. */
export interface Author {
  who: string;
  why?: string;
}

/** What the history calls a change; asked once it is decided. */
export type What = string | (() => string);

/** What a change makes of the fields it is about: their new text, or null to delete; a field left out stays. */
export type Decide = (before: ReadonlyMap<string, string>) => ReadonlyMap<string, string | null>;

const triesOnConflict = 100;
const historyLength = 200;
const eventsLength = 10_000;

/**
 * Changes flags in Redis: one change after the other here, and by WATCH against every other process, so that no
 * two see the same "before". Each is recorded in the same MULTI.
 */
export class FlagStore {
  /** WATCH belongs to a connection: this one is used by one change at a time. */
  private readonly writer: Redis;
  private last: Promise<unknown> = Promise.resolve();
  private connections = 0;

  constructor(
    redis: Redis,
    private readonly source: FlagSource,
    private readonly log: Logger,
  ) {
    this.writer = redis.duplicate({ retryStrategy: (attempt: number) => Math.min(50 * attempt, 250) });
    this.writer.on('error', () => undefined); // each change fails with its own error
    this.writer.on('close', () => (this.connections += 1));
    source.on('state', ({ lost, fresh }) => {
      if (lost && fresh) this.inTurn(() => this.restoreLost()).catch((error: unknown) => this.failed(error));
    });
  }

  get ready(): boolean {
    return this.writer.status === 'ready';
  }

  /**
   * Reads the fields, lets `decide` say what becomes of them, and writes that if nobody else wrote meanwhile;
   * otherwise all over again. Throws what `decide` throws, and when Redis is away.
   */
  async change(what: What, author: Author, fields: readonly string[], decide: Decide): Promise<void> {
    const revision = await this.inTurn(() => this.attempts(what, author, fields, decide));
    await this.source.reached(revision);
  }

  close(): void {
    this.writer.disconnect();
  }

  private async attempts(
    what: What,
    author: Author,
    fields: readonly string[],
    decide: Decide,
  ): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.attempt(what, author, fields, decide);
      } catch (error) {
        if (!(error instanceof Conflict) || tries === triesOnConflict) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(tries, 10)));
      }
    }
  }

  private async attempt(
    what: What,
    author: Author,
    fields: readonly string[],
    decide: Decide,
  ): Promise<number> {
    const { writer } = this;
    const connection = this.connections;
    try {
      await writer.watch(keys.flags, keys.revision('flags'));
      const revision = Number(await writer.get(keys.revision('flags')));
      if (revision < this.source.revision) {
        await this.restoreLost();
        throw new Conflict('Redis had lost its state');
      }
      const before = await this.read(fields);
      const after = decide(before);
      const named = typeof what === 'string' ? what : what();
      // A new connection knows nothing of the WATCH.
      if (connection !== this.connections) throw new Conflict('the connection was lost meanwhile');
      const at = new Date().toISOString();
      return await change(writer, 'flags', (transaction) => {
        for (const [field, text] of after) {
          if (text === null) transaction.hdel(keys.flags, field);
          else transaction.hset(keys.flags, field, text);
          const entry = { at, what: named, ...author, from: before.get(field) ?? '', to: text ?? '' };
          transaction.xadd(keys.flagHistory(field), 'MAXLEN', '~', historyLength, '*', ...flat(entry));
        }
        const event = { ...author, what: named, subject: [...after.keys()].slice(0, 20).join(' '), at };
        transaction.xadd(keys.events, 'MAXLEN', '~', eventsLength, '*', ...flat(event));
      });
    } catch (error) {
      // Open but dead: the next change is to have a connection that answers.
      if ((error as Error).message === 'Command timed out') writer.disconnect(true);
      throw tellingOf(error);
    } finally {
      await writer.unwatch().catch(() => undefined);
    }
  }

  private async read(fields: readonly string[]): Promise<Map<string, string>> {
    const wanted = [...new Set([...fields, evaluatorsField])];
    const texts = await this.writer.hmget(keys.flags, ...wanted);
    return new Map(
      wanted.flatMap((field, index) => (typeof texts[index] === 'string' ? [[field, texts[index]]] : [])),
    );
  }

  /** Gives an emptied Redis back what is known here, under a revision that is higher than any reader's. */
  private async restoreLost(): Promise<void> {
    const { writer, source } = this;
    await writer.watch(keys.flags, keys.revision('flags'));
    const found = Number(await writer.get(keys.revision('flags')));
    const { revision, fields } = source;
    if (found > revision || fields.size === 0) {
      await writer.unwatch();
      return;
    }
    const restored = await change(writer, 'flags', (transaction) => {
      transaction.hset(keys.flags, Object.fromEntries(fields));
      transaction.set(keys.revision('flags'), revision);
      const event = { who: 'feature-flag', what: 'flags restored', subject: `revision ${revision}` };
      transaction.xadd(keys.events, '*', ...flat({ ...event, at: new Date().toISOString() }));
    });
    this.log.warn({ found, restored, flags: fields.size }, 'Redis had lost flags; they are restored');
    await source.reached(restored);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private failed(error: unknown): void {
    if (error instanceof Conflict) return; // another flag service did it
    this.log.warn({ err: error }, 'lost flags could not be restored yet');
  }
}

/** Redis says only that it discarded a transaction; why, it said before (a read-only replica, no memory left). */
function tellingOf(error: unknown): unknown {
  const { previousErrors } = error as { previousErrors?: Error[] };
  const [first] = previousErrors ?? [];
  return first ? new Error(first.message, { cause: error }) : error;
}

function flat(entry: Record<string, string | undefined>): string[] {
  return Object.entries(entry).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}
