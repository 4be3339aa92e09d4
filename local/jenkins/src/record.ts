import type { Build, Issue, Outcome, StageRecord, TestSuite } from './build.js';
import type { Frame } from './groovy.js';
import type { Job } from './job.js';
import type { ParameterDefinition } from './job-config.js';

/** Writes down what the runtime tells of a build; the result, once it is told. */
export function record(frame: Frame, job: Job, build: Build): Outcome | undefined {
  const { record: current } = build;
  switch (frame.t) {
    case 'stage':
      addStage(build, frame as Frame & StageRecord);
      break;
    case 'build':
      if (typeof frame.displayName === 'string') current.displayName = frame.displayName;
      if (typeof frame.description === 'string') current.description = frame.description;
      build.save();
      break;
    case 'result':
      current.result = frame.result as Outcome;
      build.save();
      break;
    case 'parameters':
      job.learn({ parameters: frame.definitions as ParameterDefinition[] });
      break;
    case 'properties':
      job.learn({
        concurrent: frame.concurrent as boolean,
        abortPrevious: frame.abortPrevious as boolean,
        keep: frame.keep as number | null,
      });
      break;
    case 'tests':
      build.addTests(frame.suites as TestSuite[]);
      break;
    case 'issues':
      build.addIssues(String(frame.id), frame.issues as Issue[]);
      break;
    case 'input': {
      const { id, message, ok, done } = frame as Frame & { id: string; message: string; ok: string };
      current.inputs = current.inputs.filter((input) => input.id !== id);
      if (!done) current.inputs.push({ id, message, ok });
      build.save();
      break;
    }
    case 'end':
      if (typeof frame.error === 'string') current.error = frame.error;
      return frame.result as Outcome;
  }
  return undefined;
}

function addStage(build: Build, { id, parent, name, status, start, duration }: StageRecord): void {
  const others = build.record.stages.filter((stage) => stage.id !== id);
  const stage = { id, parent: parent ?? null, name, status, start, duration };
  build.record.stages = [...others, stage].sort((a, b) => a.id - b.id);
  build.save();
}
