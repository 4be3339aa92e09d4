import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { changedChannel, keys, type Topic } from './keys.js';

export interface Watched<T> {
  /** The last value that was known, from the start on; never waits. */
  readonly current: T;
  /** True while Redis answers, i.e. `current` is no older than a few seconds. */
  readonly fresh: boolean;
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
  const { redis, topics, read, onChange, log } = options;
  const state = { current: options.initial, fresh: false };
  const revisionKeys = topics.map((topic) => keys.revision(topic));
  let known: readonly number[] = topics.map(() => -1);
  let reading = false;
  let again = false;

  const refresh = async (): Promise<void> => {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      do {
        again = false;
        const revisions = (await redis.mget(...revisionKeys)).map(Number);
        state.fresh = true;
        if (revisions.every((revision, index) => revision === known[index])) continue;
        if (revisions.some((revision, index) => revision < (known[index] ?? 0))) {
          log.error({ topics, known, revisions }, 'Redis has lost its state; keeping the last known');
        }
        if (revisions.every((revision) => revision === 0)) {
          known = revisions;
          continue;
        }
        const value = await read(redis);
        known = revisions;
        state.current = value;
        onChange?.(value);
      } while (again);
    } catch (error) {
      if (state.fresh) log.warn({ err: error, topics }, 'Redis is away; going on with the last known state');
      state.fresh = false;
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
  redis.on('ready', refresh);
  const timer = setInterval(() => void refresh(), options.healEveryMs ?? 2000);
  if (redis.status === 'ready') void refresh();

  return {
    get current() {
      return state.current;
    },
    get fresh() {
      return state.fresh;
    },
    close() {
      clearInterval(timer);
      redis.off('ready', refresh);
      subscriber.disconnect();
    },
  };
}
