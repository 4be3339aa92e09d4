import { buildAndFollow, conclude, offerCommit } from './follow.js';
import { say } from './hook.js';
import { Jenkins } from './jenkins.js';
import { Problem, reasonOf } from './problem.js';
import { openClone } from './project.js';
import { whyRed } from './why-red.js';

/** Builds a commit that was just made, and draws the consequence. What goes wrong is said, never thrown. */
export async function buildCommitted(clone: string, branch: string, commit: string): Promise<void> {
  try {
    const { project, environment } = await openClone(clone);
    const jenkins = new Jenkins(environment, project.config.jenkins.job);
    const target = branch === project.config.pools.canary.branch ? 'canary' : 'none';
    const result = await buildAndFollow(jenkins, {
      REPO: await offerCommit(clone, jenkins, commit),
      COMMIT: commit,
      BRANCH: branch,
      TARGET: target,
      ACTION: 'build',
    });
    const why = result.green ? null : await whyRed(jenkins, result.number, clone);
    say(await conclude(clone, branch, commit, target, result, why));
  } catch (error) {
    say(`${reasonOf(error)}. The commit is kept, but was not built.`);
    if (error instanceof Problem && error.wayOut) say(error.wayOut);
    say('When that is mended: coalmine build');
  }
}
