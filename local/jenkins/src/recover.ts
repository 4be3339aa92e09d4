import type { Jobs } from './job.js';
import { killLeftovers } from './processes.js';

/** Builds that were running when the controller died are shown as aborted, and nothing of them runs on. */
export function abortInterrupted(jobs: Jobs): number {
  const interrupted = jobs.all
    .flatMap((job) => [...job.builds.values()])
    .filter(({ record }) => record.building);
  for (const build of interrupted) {
    killLeftovers(build.record.cookie);
    build.append('\nThe controller was stopped during this build\n');
    build.end('ABORTED');
  }
  return interrupted.length;
}
