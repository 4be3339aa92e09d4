import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { changedChannel, keys, type Topic } from './keys.js';

export interface Watched<T> {
  /** The last value that was known, from the start on; never waits. */
  readonly current: T;
  /** True while Redis answers, i.e. `current` is no older than a few seconds. */
  readonly fresh: boolean;
  /** The newest revision of the (first) topic that `current` is known to hold; 0 when nobody ever wrote. */
  readonly revision: number;
  /** True from when Redis was seen to know less than this reader until it knows more again. */
  readonly lost: boolean;
  /** Looks at the revisions now rather than at the next notice. */
  refresh(): Promise<void>;
  /** Stops watching and closes the watch's own connection. */
  close(): void;
}

export interface WatchOptions<T> {
  redis: Redis;
  topics: readonly Topic[];
  /** What holds until Redis has answered once. */
  initial: NoInfer<T>;
  read: (redis: Redis) => Promise<T>;
  onChange?: (value: T) => void;
  /** Told when Redis begins or ceases to answer, and when it is seen to have lost its state. */
  onState?: (state: { fresh: boolean; lost: boolean }) => void;
  /** The revision that `initial` had when it was written to a disk. */
  initialRevision?: number;
  /**
   * What holds when the revision went back but something is there: Redis was emptied and written again, or failed
   * over to one that is behind. Without it, what was found.
   */
  whenLost?: (known: T, found: T) => T;
  /** Looks at the value itself as well, not only at its revision: for what people may write with no tool of ours. */
  writtenByHand?: boolean;
  log: Logger;
  /** How often to look at the revisions in case a notice was lost, in ms. */
  healEveryMs?: number;
}

/**
 * Keeps a value of Redis in memory: pushed by notices, healed by re-reading on every connect and by looking
 * at the revisions every few seconds. Redis away costs nothing: `current` stays what it was.
 * Where nobody has ever written (no revision), `initial` holds: it may come from a disk and know more than a Redis
 * that was emptied. A Redis that is emptied later is logged, and the last value is kept until someone writes again.
 * A value read from several topics is lost or kept as a whole: watch each topic by itself if that matters.
 */
export function watch<T>(options: WatchOptions<T>): Watched<T> {
  const { redis, topics, read, onChange, whenLost, log } = options;
  const state = { current: options.initial, fresh: false, lost: false };
  const revisionKeys = topics.map((topic) => keys.revision(topic));
  const unseen: readonly number[] = topics.map(() => -1);
  /** What Redis said last; and the newest that `current` holds, which Redis may have lost. */
  let seen = unseen;
  let newest: readonly number[] = topics.map(() => options.initialRevision ?? 0);
  let reading = false;
  let again = false;

  const tell = (fresh: boolean, lost: boolean): void => {
    if (fresh === state.fresh && lost === state.lost) return;
    Object.assign(state, { fresh, lost });
    options.onState?.({ fresh, lost });
  };

  const readRevisions = async (): Promise<number[]> => (await redis.mget(...revisionKeys)).map(Number);

  const refresh = async (): Promise<void> => {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      do {
        again = false;
        const revisions = await readRevisions();
        const same = state.fresh && revisions.every((revision, index) => revision === seen[index]);
        if (same && !options.writtenByHand) continue;
        const lost = revisions.some((revision, index) => revision < (newest[index] ?? 0));
        if (lost && !state.lost) {
          log.error({ topics, newest, revisions }, 'Redis has lost its state; keeping the last known');
        }
        const empty = !options.writtenByHand && revisions.every((revision) => revision === 0);
        const merging = lost && whenLost !== undefined;
        if (!empty) {
          const found = await read(redis);
          // What was read while somebody wrote (or emptied Redis) belongs to neither revision.
          if (!isDeepStrictEqual(await readRevisions(), revisions)) {
            again = true;
            continue;
          }
          const value = merging ? whenLost(state.current, found) : found;
          if (!merging) newest = revisions;
          const unchanged = same && isDeepStrictEqual(value, state.current);
          state.current = value;
          if (!unchanged) onChange?.(value);
        }
        seen = revisions;
        tell(true, lost && (empty || merging));
      } while (again);
    } catch (error) {
      if (state.fresh) log.warn({ err: error, topics }, 'Redis is away; going on with the last known state');
      tell(false, state.lost);
      // A connection that is open but dead (a frozen primary) would be waited for until TCP gives up.
      if ((error as Error).message === 'Command timed out') {
        for (const connection of [redis, subscriber]) connection.disconnect(true);
      }
    } finally {
      reading = false;
    }
  };

  const subscriber = redis.duplicate();
  subscriber.on('error', () => undefined); // the reader's own errors tell the story
  subscriber.on('ready', () => {
    void subscriber.subscribe(changedChannel).then(refresh, () => undefined);
  });
  subscriber.on('message', (_channel, topic) => {
    if ((topics as readonly string[]).includes(topic)) void refresh();
  });
  // Another Redis may answer now, with other values under the same revision.
  const onReady = (): void => {
    seen = unseen;
    void refresh();
  };
  redis.on('ready', onReady);
  const timer = setInterval(() => void refresh(), options.healEveryMs ?? 2000);
  if (redis.status === 'ready') void refresh();

  return {
    get current() {
      return state.current;
    },
    get fresh() {
      return state.fresh;
    },
    get revision() {
      return newest[0] ?? 0;
    },
    get lost() {
      return state.lost;
    },
    refresh,
    close() {
      clearInterval(timer);
      redis.off('ready', onReady);
      subscriber.disconnect();
    },
  };
}
