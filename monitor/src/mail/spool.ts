import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';

const itemSchema = z.object({ receiver: z.string(), at: z.string(), message: z.unknown() });
export type SpoolItem = z.infer<typeof itemSchema>;

/** The receiver will never take this message; trying again is of no use. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Gives one message to a receiver. Throws Refused when it never will take it, anything else to be tried again. */
export type Send = (message: unknown, id: string) => Promise<void>;

export interface SpoolOptions {
  folder: string;
  receivers: Readonly<Record<string, Send>>;
  log: Logger;
  /** The first pause after a failure, ms; it doubles up to `longestPauseMs`. */
  firstPauseMs?: number;
  longestPauseMs?: number;
}

const atMost = 1000;

/**
 * Messages on disk until their receiver has taken them: a server that is away loses none, blocks nobody, and a restart
 * goes on where it was. Each receiver has its own queue and its own pauses.
 */
export class Spool {
  private readonly queues = new Map<
    string,
    { timer: NodeJS.Timeout | null; pauseMs: number; busy: boolean }
  >();
  private count = 0;
  private stopped = false;

  constructor(private readonly options: SpoolOptions) {}

  /** How many messages wait. */
  get waiting(): number {
    return this.count;
  }

  /** Takes up what a former life has left. */
  async start(): Promise<void> {
    const { folder, receivers, log } = this.options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    for (const name of names.filter((one) => one.endsWith('.new')))
      await rm(join(folder, name), { force: true });
    this.count = names.filter((name) => name.endsWith('.json')).length;
    if (this.count > 0) log.info({ waiting: this.count }, 'messages were left to be sent');
    for (const receiver of Object.keys(receivers)) this.soon(receiver, 0);
  }

  /** Puts a message on disk for every receiver; once this resolves, it is not lost. Does not wait for any of them. */
  async add(messages: Readonly<Record<string, unknown>>): Promise<void> {
    const { folder, receivers, log } = this.options;
    for (const [receiver, message] of Object.entries(messages)) {
      if (!(receiver in receivers)) continue;
      if (this.count >= atMost) {
        log.error({ receiver }, `more than ${atMost} messages wait; this one is dropped`);
        continue;
      }
      const item: SpoolItem = { receiver, at: new Date().toISOString(), message };
      // Names sort by time, and say whose they are.
      const name = `${Date.now()}-${randomUUID()}.${receiver}.json`;
      await writeSynced(folder, name, JSON.stringify(item));
      this.count += 1;
      this.soon(receiver, 0);
    }
  }

  stop(): void {
    this.stopped = true;
    for (const { timer } of this.queues.values()) if (timer) clearTimeout(timer);
  }

  private soon(receiver: string, inMs: number): void {
    const first = this.options.firstPauseMs ?? 1000;
    const queue = this.queues.get(receiver) ?? { timer: null, pauseMs: first, busy: false };
    this.queues.set(receiver, queue);
    if (this.stopped || queue.busy || (queue.timer && inMs > 0)) return;
    if (queue.timer) clearTimeout(queue.timer);
    queue.timer = setTimeout(() => {
      queue.timer = null;
      queue.busy = true;
      void this.work(receiver).then(
        () => {
          [queue.pauseMs, queue.busy] = [first, false];
          void this.files(receiver).then((left) => left.length > 0 && this.soon(receiver, 0));
        },
        (error: unknown) => {
          this.options.log.warn({ err: error, receiver, waiting: this.count }, 'not taken; trying again');
          queue.busy = false;
          const pause = queue.pauseMs;
          queue.pauseMs = Math.min(pause * 2, this.options.longestPauseMs ?? 60_000);
          this.soon(receiver, pause);
        },
      );
    }, inMs);
    queue.timer.unref();
  }

  /** Sends all messages of a receiver, oldest first. Throws at the first one that it does not take now. */
  private async work(receiver: string): Promise<void> {
    const { folder, receivers, log } = this.options;
    for (const name of await this.files(receiver)) {
      if (this.stopped) return;
      const file = join(folder, name);
      const item = itemSchema.safeParse(
        await readFile(file, 'utf8')
          .then(JSON.parse)
          .catch(() => null),
      ).data;
      try {
        if (item) await receivers[receiver]?.(item.message, name.replace(/\..*$/, ''));
        else log.error({ name }, 'a spooled message cannot be read; it is dropped');
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        log.error({ err: error, receiver }, 'refused for good; the message is dropped');
      }
      await rm(file, { force: true });
      this.count -= 1;
    }
  }

  private async files(receiver: string): Promise<string[]> {
    const names = await readdir(this.options.folder);
    return names.filter((name) => name.endsWith(`.${receiver}.json`)).sort();
  }
}

/** Beside, synced, renamed, and the folder synced: after a power cut it is there whole, or was never promised. */
async function writeSynced(folder: string, name: string, text: string): Promise<void> {
  const beside = join(folder, `${name}.new`);
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, join(folder, name));
  const directory = await open(folder, 'r');
  await directory.sync().finally(() => directory.close());
}
