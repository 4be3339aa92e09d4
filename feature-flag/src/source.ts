import { EventEmitter } from 'node:events';
import { watch, type Watched } from '@coalmine/fleet/changes.js';
import { readFlagFields, type FlagFields } from '@coalmine/fleet/flags.js';
import type { Logger } from '@coalmine/fleet/log.js';
import type { Redis } from 'ioredis';
import { LastKnown } from './last-known.js';

export interface SourceState {
  /** Redis answers, so that what is known is no older than a moment. */
  fresh: boolean;
  /** Redis knows less than this process does: it was emptied, or failed over to one that is behind. */
  lost: boolean;
}

export interface SourceOptions {
  redis: Redis;
  log: Logger;
  /** Where to keep the last known definitions. */
  file?: string;
  /** How often to look whether a notice was lost, in ms. */
  healEveryMs?: number;
}

interface Events {
  change: [FlagFields];
  state: [SourceState];
}

/** How soon a lost connection is tried again: a Redis that is back is to be noticed within a second. */
const quickly = (attempt: number): number => Math.min(50 * attempt, 250);

/**
 * All definitions as they stand in Redis, kept in memory and on disk: told of every change, healed by revision, and
 * never emptied by a Redis that has lost its memory.
 */
export class FlagSource extends EventEmitter<Events> {
  private readonly watched: Watched<FlagFields>;
  private readonly reader: Redis;
  private readonly kept: LastKnown | null;

  constructor({ redis, log, file, healEveryMs }: SourceOptions) {
    super();
    this.kept = file ? new LastKnown(file, log) : null;
    const known = this.kept?.read() ?? null;
    this.reader = redis.duplicate({ retryStrategy: quickly, commandTimeout: 1000 });
    this.reader.on('error', () => undefined); // the watch tells
    this.watched = watch<FlagFields>({
      redis: this.reader,
      topics: ['flags'],
      initial: known?.fields ?? new Map(),
      initialRevision: known?.revision ?? 0,
      read: readFlagFields,
      whenLost: (before, found) => new Map([...before, ...found]),
      healEveryMs: healEveryMs ?? 500,
      onState: (state) => this.emit('state', state),
      onChange: (fields) => {
        this.kept?.write({ revision: this.watched.revision, fields });
        this.emit('change', fields);
      },
      log,
    });
  }

  get fields(): FlagFields {
    return this.watched.current;
  }

  /** The newest revision that is known; 0 when nothing ever was. */
  get revision(): number {
    return this.watched.revision;
  }

  get state(): SourceState {
    return { fresh: this.watched.fresh, lost: this.watched.lost };
  }

  /** Reads until a revision is known here, so that who wrote it reads it too; gives up when Redis goes away. */
  async reached(revision: number): Promise<void> {
    for (let tries = 0; tries < 20 && this.revision < revision; tries += 1) {
      await this.watched.refresh();
      if (this.revision < revision) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Stops, once what is known is on disk. */
  async close(): Promise<void> {
    this.watched.close();
    this.reader.disconnect();
    await this.kept?.settled();
  }
}
