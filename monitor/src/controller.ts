import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict } from '@coalmine/fleet/change.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { campaign, LeaseLost, renew, resign, type Leadership } from './rollout/lease.js';

/** Something that the one leader does, again and again. */
export interface Duty {
  readonly name: string;
  /** Pause between two turns, ms. */
  readonly everyMs: number;
  /**
   * One turn; never two at once. What it writes goes through `leadership.fenced`. A new `leadership` (another token)
   * means that others may have led meanwhile: what was remembered has to be read again.
   */
  turn(leadership: Leadership): Promise<void>;
}

export interface ControllerParts {
  /** Where the lease is; the controller makes a connection of its own from it. */
  redis: Redis;
  /** This process, for people and for the log: the droplet's name. */
  holder: string;
  duties: readonly Duty[];
  log: Logger;
  /** How long a leader may be silent before another takes over, ms. */
  leaseMs?: number;
}

export interface Controller {
  /** True while this process leads. */
  readonly leads: boolean;
  stop(): Promise<void>;
}

/**
 * Runs the duties while this process leads, of several processes exactly one. A leader that dies is followed within
 * `leaseMs`; one that cannot renew its lease stops by itself before another may begin.
 */
export function startController({ redis, holder, duties, log, leaseMs = 3000 }: ControllerParts): Controller {
  const connection = redis.duplicate();
  connection.on('error', () => undefined); // the first connection's errors tell the story
  const stopping = new AbortController();
  let leadership: Leadership | null = null;
  let renewedAt = 0;
  const running = new Map<Duty, Promise<void>>();

  const leads = (of: Leadership): boolean =>
    leadership === of && performance.now() - renewedAt < leaseMs && !stopping.signal.aborted;

  const perform = async (duty: Duty, of: Leadership): Promise<void> => {
    while (leads(of)) {
      try {
        await duty.turn(of);
      } catch (error) {
        if (error instanceof LeaseLost) return;
        // Someone else, a person mostly, was faster: the next turn reads what is there now.
        if (!(error instanceof Conflict)) log.warn({ err: error, duty: duty.name }, 'a turn failed');
      }
      await sleep(duty.everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const keepLease = async (): Promise<void> => {
    const asked = performance.now();
    try {
      if (leadership) await renew(leadership, leaseMs);
      else {
        leadership = await campaign(connection, holder, leaseMs);
        if (!leadership) return;
        const current = leadership;
        log.info({ token: current.token }, 'leading');
        renewedAt = asked;
        for (const duty of duties) {
          // A turn of a former lead may still be under way.
          const former = running.get(duty) ?? Promise.resolve();
          running.set(
            duty,
            former.then(() => perform(duty, current)),
          );
        }
      }
      renewedAt = asked;
    } catch (error) {
      const expired = performance.now() - renewedAt >= leaseMs;
      if (leadership && (error instanceof LeaseLost || expired)) {
        log.warn({ err: error }, 'not leading any more');
        leadership = null;
      }
    }
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await keepLease();
      await sleep(leaseMs / 6, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    get leads() {
      return leadership !== null && leads(leadership);
    },
    async stop() {
      stopping.abort();
      await loop;
      await Promise.all(running.values());
      if (leadership) await resign(leadership).catch(() => undefined);
      connection.disconnect();
    },
  };
}
