import { watch, type Watched } from '@coalmine/fleet/changes.js';
import { readFlags, type Flag } from '@coalmine/fleet/flags.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { booleanValue } from './definitions.js';

/** Flags in memory: evaluated without a request, told of every change, last known when Redis is away. */
export class FlagProvider {
  private readonly flags: Watched<ReadonlyMap<string, Flag>>;

  constructor(redis: Redis, log: Logger) {
    this.flags = watch({ redis, topics: ['flags'], initial: new Map(), read: readFlags, log });
  }

  /** The flag's value, or the caller's default when it was never known. Never throws, never waits. */
  isOn(key: string, otherwise: boolean): boolean {
    return booleanValue(this.flags.current.get(key)) ?? otherwise;
  }

  close(): void {
    this.flags.close();
  }
}
