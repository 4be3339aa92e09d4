import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Build } from './build.js';
import type { Frame } from './groovy.js';
import { resolveParameters } from './parameters.js';
import type { RunContext, RunInput } from './run.js';

const requestSchema = z.discriminatedUnion('what', [
  z.object({
    what: z.literal('build'),
    job: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    wait: z.boolean(),
  }),
  z.object({ what: z.literal('lock'), resource: z.string() }),
  z.object({ what: z.literal('unlock'), resource: z.string() }),
  z.object({ what: z.literal('milestone'), ordinal: z.number().int() }),
]);

/** What a pipeline asks of the controller: another job's build, a lock, a milestone. */
export class Requests {
  /** Names this build among the owners of locks. */
  private readonly owner: string;

  constructor(
    private readonly context: RunContext,
    private readonly input: RunInput,
  ) {
    this.owner = `${input.job.name} #${input.build.number}`;
  }

  /** The answer, or `error` with the reason. Never rejects. */
  async answer(frame: Frame): Promise<Record<string, unknown>> {
    try {
      const request = requestSchema.parse(frame);
      switch (request.what) {
        case 'build':
          return await this.build(request.job, request.parameters, request.wait);
        case 'lock':
          await this.context.locks.acquire(request.resource, this.owner);
          return {};
        case 'unlock':
          this.context.locks.release(request.resource, this.owner);
          return {};
        case 'milestone':
          return this.milestone(request.ordinal);
      }
    } catch (error) {
      return { error: (error as Error).message };
    }
  }

  /** Gives back what the build still holds at its end. */
  release(): void {
    this.context.locks.releaseAll(this.owner);
  }

  private async build(
    name: string,
    given: Record<string, unknown>,
    wait: boolean,
  ): Promise<Record<string, unknown>> {
    const { jobs, queue, url } = this.context;
    const job = jobs.get(name.replace(/^\//, ''));
    if (!job) throw new Error(`No item named ${name} found`);
    if (job.config.disabled) throw new Error(`Cannot run build of disabled job ${name}`);
    const { build: own, job: ownJob } = this.input;
    const item = queue.add(job, resolveParameters(job.config.parameters, given), {
      _class: 'org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause',
      shortDescription: `Started by upstream project "${ownJob.name}" build number ${own.number}`,
    });
    if (!wait) return { number: null };
    while (!item.build || item.build.record.building) {
      if (item.cancelled) throw new Error(`Build of ${name} was cancelled in the queue`);
      if (!own.record.building) return {};
      await sleep(100);
    }
    const { number, record } = item.build;
    return {
      number,
      result: record.result,
      displayName: record.displayName,
      description: record.description,
      duration: record.duration,
      timeInMillis: record.timestamp,
      buildVariables: record.parameters,
      projectName: job.name,
      absoluteUrl: `${url}job/${encodeURIComponent(job.name)}/${number}/`,
    };
  }

  /** A build that a newer one has overtaken ends; the older ones that have not come this far end with it. */
  private milestone(ordinal: number): Record<string, unknown> {
    const { job, build } = this.input;
    const passed = (other: Build): number => other.record.milestone ?? -1;
    const newer = job.history.find((other) => other.number > build.number && passed(other) >= ordinal);
    if (newer) return { superseded: newer.number };
    if (passed(build) >= ordinal)
      throw new Error(`Ordinal ${ordinal} was passed already: ordinals must grow`);
    build.record.milestone = ordinal;
    build.save();
    for (const run of this.context.queue.runs) {
      const { job: otherJob, build: other } = run.input;
      if (otherJob === job && other.number < build.number && passed(other) < ordinal) {
        run.abort(`Canceled since #${build.number} got here`, 'NOT_BUILT');
      }
    }
    return {};
  }
}
