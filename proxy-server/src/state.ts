import { readAlert } from '@coalmine/fleet/alerts.js';
import { readAllow } from '@coalmine/fleet/allow.js';
import { watch } from '@coalmine/fleet/changes.js';
import type { Logger } from '@coalmine/fleet/log.js';
import { readFleet, type Fleet } from '@coalmine/fleet/members.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import type { Redis } from 'ioredis';
import { saveState, type ProxyState } from './state-file.js';

/** What the proxy goes by, as it stands in Redis. */
export interface LiveState {
  /** The same object until something changes. */
  readonly current: ProxyState;
  readonly fresh: boolean;
  close(): void;
}

export interface LiveStateOptions {
  redis: Redis;
  initial: ProxyState;
  /** Where the last state is kept for a start without Redis. */
  file: string;
  onFleet: (fleet: Fleet) => void;
  log: Logger;
}

/**
 * Follows fleet, rollout and alerts, each by itself: a Redis that has lost one of them does not take the others along.
 */
export function followState({ redis, initial, file, onFleet, log }: LiveStateOptions): LiveState {
  let current = initial;
  let saved: Promise<void> = Promise.resolve();
  const change = (part: Partial<ProxyState>): void => {
    current = { ...current, ...part };
    saved = saved
      .then(() => saveState(file, current))
      .catch((error: unknown) => log.error({ err: error }, 'state not saved'));
  };
  const parts = [
    watch({
      ...{ redis, log, topics: ['fleet'], initial: initial.fleet },
      read: async (from) => keepProduction(current.fleet, await readFleet(from)),
      onChange: (fleet) => {
        change({ fleet });
        onFleet(fleet);
      },
    }),
    watch({
      ...{ redis, log, topics: ['rollout'], initial: { rollout: initial.rollout, allow: initial.allow } },
      read: async (from) => {
        const [rollout, allow] = await Promise.all([readRollout(from), readAllow(from)]);
        return { rollout, allow: allow as readonly string[] };
      },
      onChange: change,
    }),
    watch({
      ...{ redis, log, topics: ['alerts'], initial: initial.alert, writtenByHand: true, healEveryMs: 500 },
      read: async (from) => (await readAlert(from, 'canary')) !== null,
      onChange: (alert) => change({ alert }),
    }),
  ] as const;
  return {
    get current() {
      return current;
    },
    get fresh() {
      return parts.every(({ fresh }) => fresh);
    },
    close() {
      for (const part of parts) part.close();
    },
  };
}

/**
 * Nobody takes the last production server out of the fleet, whatever the revision says: a Redis that was emptied and
 * that somebody wrote to since looks like it. One that is `draining` or `out` is still there, and that is believed.
 */
export function keepProduction(known: Fleet, found: Fleet): Fleet {
  return hasProduction(found) || !hasProduction(known) ? found : known;
}

function hasProduction(fleet: Fleet): boolean {
  for (const { pool } of fleet.values()) if (pool === 'prod') return true;
  return false;
}
