import { buildAndFollow, offerCommit } from './follow.js';
import { isDeletion, rewritesHistory, say, targetOf, type PushedRef } from './hook.js';
import { Jenkins } from './jenkins.js';
import { Problem, reasonOf } from './problem.js';
import { openClone, type Project } from './project.js';

/**
 * Deploys what is pushed to production's or the canary's branch, the canary first; all are checked before the first is
 * deployed. Returns false, and says why, when the push has to be refused.
 */
export async function deployPushed(clone: string, refs: readonly PushedRef[]): Promise<boolean> {
  try {
    const { project, environment } = await openClone(clone);
    const deployed = refs.filter((ref) => targetOf(project.config, ref.remoteRef) !== null);
    for (const ref of deployed.filter(isDeletion))
      say(`${ref.remoteRef} is deleted; what it deployed goes on running`);
    const due = deployed.filter((ref) => !isDeletion(ref));
    if (due.length === 0) return true;
    const jenkins = new Jenkins(environment, project.config.jenkins.job);
    for (const ref of due) await refuseUnlessReady(clone, jenkins, ref);
    const canaryFirst = due.toSorted((a, b) => order(project, a) - order(project, b));
    for (const ref of canaryFirst) await deployOne(clone, project, jenkins, ref);
    return true;
  } catch (error) {
    say(`push refused: ${reasonOf(error)}`);
    if (error instanceof Problem && error.wayOut) say(error.wayOut);
    return false;
  }
}

async function refuseUnlessReady(clone: string, jenkins: Jenkins, ref: PushedRef): Promise<void> {
  const commit = ref.localCommit.slice(0, 10);
  if (await rewritesHistory(clone, ref)) {
    throw new Problem(
      `${ref.remoteRef} has commits that ${commit} does not contain`,
      'Run git pull --rebase first: what was deployed once is not rewritten.',
    );
  }
  if (!(await jenkins.isGreen(ref.localCommit))) {
    throw new Problem(`${commit} has no green build`, `Build it: coalmine build --commit ${ref.localCommit}`);
  }
}

async function deployOne(clone: string, project: Project, jenkins: Jenkins, ref: PushedRef): Promise<void> {
  const target = targetOf(project.config, ref.remoteRef) ?? 'prod';
  const commit = ref.localCommit;
  const result = await buildAndFollow(jenkins, {
    REPO: await offerCommit(clone, jenkins, commit),
    COMMIT: commit,
    BRANCH: ref.remoteRef.replace('refs/heads/', ''),
    TARGET: target,
    ACTION: 'deploy',
  });
  if (!result.green) {
    throw new Problem(
      `the deploy of ${commit.slice(0, 10)} to ${target} failed; ${target} is as it was`,
      result.url,
    );
  }
  say(`✔ ${commit.slice(0, 10)} is serving on ${target} after ${Math.round(result.durationMs / 1000)} s.`);
}

function order(project: Project, ref: PushedRef): number {
  return targetOf(project.config, ref.remoteRef) === 'canary' ? 0 : 1;
}
