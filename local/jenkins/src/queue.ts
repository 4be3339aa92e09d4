import { join } from 'node:path';
import type { Logger } from 'pino';
import { createBuild, type Build, type Cause, type ParameterValue } from './build.js';
import type { Job } from './job.js';
import { newCookie, Run, type RunContext } from './run.js';
import { readJson, writeJson } from './store.js';

export interface QueueItem {
  id: number;
  job: Job;
  parameters: Record<string, ParameterValue>;
  causes: Cause[];
  inQueueSince: number;
  cancelled: boolean;
  /** Set when the item has left the queue for an executor. */
  build?: Build;
  leftAt?: number;
}

/** A waiting item on disk. */
type Saved = Pick<QueueItem, 'id' | 'parameters' | 'causes' | 'inQueueSince'> & { job: string };

/** Jenkins forgets an item five minutes after it left. */
const forgetAfterMs = 5 * 60_000;

/** Builds wait here for an executor; a job that forbids concurrent builds gets one at a time. */
export class Queue {
  private readonly items = new Map<number, QueueItem>();
  private readonly running = new Set<Run>();
  private closed = false;

  constructor(
    private readonly context: Omit<RunContext, 'queue'>,
    private readonly executors: number,
    /** Ids go on after this one, also over a restart. */
    private lastId: number,
    private readonly log: Logger,
  ) {}

  get waiting(): QueueItem[] {
    return [...this.items.values()].filter(({ build, cancelled }) => !build && !cancelled);
  }

  get runs(): Run[] {
    return [...this.running];
  }

  find(id: number): QueueItem | undefined {
    return this.items.get(id);
  }

  runOf(build: Build): Run | undefined {
    return this.runs.find(({ input }) => input.build === build);
  }

  /** Puts a build into the queue; one that waits with the same parameters is the same item. */
  add(job: Job, parameters: Record<string, ParameterValue>, cause: Cause): QueueItem {
    const key = JSON.stringify(parameters);
    const same = this.waiting.find((item) => item.job === job && JSON.stringify(item.parameters) === key);
    if (same) {
      same.causes.push(cause);
      return same;
    }
    const item: QueueItem = {
      id: ++this.lastId,
      job,
      parameters,
      causes: [cause],
      inQueueSince: Date.now(),
      cancelled: false,
    };
    this.items.set(item.id, item);
    this.save();
    if (job.abortPrevious) {
      for (const run of this.runs) {
        if (run.input.job === job) run.abort('Superseded by a newer build', 'NOT_BUILT');
      }
    }
    this.schedule();
    return item;
  }

  cancel(item: QueueItem): boolean {
    if (item.build || item.cancelled) return false;
    item.cancelled = true;
    item.leftAt = Date.now();
    this.save();
    return true;
  }

  /** Puts back what waited when the controller ended. */
  restore(): number {
    const jobs = this.context.jobs;
    for (const { job, ...item } of readJson<Saved[]>(this.file) ?? []) {
      const known = jobs.get(job);
      if (!known) continue;
      this.lastId = Math.max(this.lastId, item.id);
      this.items.set(item.id, { ...item, job: known, cancelled: false });
    }
    const restored = this.waiting.length;
    this.schedule();
    return restored;
  }

  private get file(): string {
    return join(this.context.home, 'queue.json');
  }

  private save(): void {
    const waiting = this.waiting.map(({ id, job, parameters, causes, inQueueSince }): Saved => ({
      id,
      job: job.name,
      parameters,
      causes,
      inQueueSince,
    }));
    // Parameters may be passwords.
    writeJson(this.file, waiting, 0o600);
  }

  /** Why an item still waits, in Jenkins' words; undefined when it does not. */
  why(item: QueueItem): { blocked: boolean; why: string } | undefined {
    if (item.build || item.cancelled) return undefined;
    const current = this.runs.find(({ input }) => input.job === item.job);
    if (current && !item.job.config.concurrent) {
      return { blocked: true, why: `Build #${current.input.build.number} is already in progress (ETA: N/A)` };
    }
    return { blocked: false, why: 'Waiting for next available executor' };
  }

  /** No new builds; those that run are told to end. */
  async close(): Promise<void> {
    this.closed = true;
    await this.killAll();
  }

  /** Kills what runs (of one job) and waits until it is on record. */
  async killAll(job?: Job): Promise<void> {
    const ends = this.runs.map(async (run) => {
      if (job && run.input.job !== job) return;
      run.kill();
      while (this.running.has(run)) await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await Promise.all(ends);
  }

  private schedule(): void {
    if (this.closed) return;
    for (const item of this.waiting) {
      if (this.running.size >= this.executors) break;
      if (this.why(item)?.blocked || item.job.config.disabled) continue;
      this.start(item);
    }
    for (const item of this.items.values()) {
      if (item.leftAt && Date.now() - item.leftAt > forgetAfterMs) this.items.delete(item.id);
    }
  }

  private start(item: QueueItem): void {
    const { job } = item;
    const number = job.takeNumber();
    const hidden = job.config.parameters.filter(({ kind }) => kind === 'password').map(({ name }) => name);
    const build = createBuild(join(job.directory, 'builds', String(number)), {
      number,
      queueId: item.id,
      timestamp: Date.now(),
      causes: item.causes,
      parameters: Object.fromEntries(
        Object.entries(item.parameters).filter(([name]) => !hidden.includes(name)),
      ),
      hidden: hidden.filter((name) => name in item.parameters),
      cookie: newCookie(),
    });
    job.builds.set(number, build);
    item.build = build;
    item.leftAt = Date.now();
    this.save();
    const run = new Run(
      { ...this.context, queue: this },
      {
        job,
        build,
        executor: free(
          this.runs.map(({ input }) => input.executor),
          0,
        ),
        slot: free(
          this.runs.filter(({ input }) => input.job === job).map(({ input }) => input.slot),
          1,
        ),
        parameters: item.parameters,
      },
    );
    this.running.add(run);
    this.log.info({ job: job.name, build: number }, 'build started');
    void run.run().finally(() => {
      this.running.delete(run);
      job.discardOld();
      this.log.info({ job: job.name, build: number, result: build.record.result }, 'build finished');
      this.schedule();
    });
  }
}

/** The smallest number from `first` on that is not taken. */
function free(taken: number[], first: number): number {
  let number = first;
  while (taken.includes(number)) number += 1;
  return number;
}
