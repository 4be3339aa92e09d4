import { text } from 'node:stream/consumers';
import type { Environment } from '../environment.js';
import { readEnvironment } from '../environment.js';
import { buildAndFollow, conclude, offerCommit } from '../follow.js';
import { git } from '../git.js';
import {
  committed,
  isDeletion,
  parsePushedRefs,
  rewritesHistory,
  targetOf,
  type PushedRef,
} from '../hook.js';
import { Jenkins } from '../jenkins.js';
import { Problem, reasonOf } from '../problem.js';
import { openProject, type Project } from '../project.js';

const say = (line: string): void => void process.stderr.write(`coalmine: ${line}\n`);

/** After a commit: build it, and take it back if it is red. Never fails: the commit is made already. */
export async function postCommit(): Promise<void> {
  const clone = process.cwd();
  const what = await committed(clone);
  if ('skip' in what) return;
  const { branch, commit } = what;
  try {
    const { project, environment } = await openClone(clone);
    const jenkins = new Jenkins(environment, project.config.jenkins.job);
    const target = branch === project.config.pools.canary.branch ? 'canary' : 'none';
    const result = await buildAndFollow(jenkins, {
      REPO: await offerCommit(clone, jenkins.url, commit),
      COMMIT: commit,
      BRANCH: branch,
      TARGET: target,
      ACTION: 'build',
    });
    say(await conclude(clone, branch, commit, target, result));
  } catch (error) {
    say(`${reasonOf(error)}. The commit is kept, but was not built.`);
    if (error instanceof Problem && error.wayOut) say(error.wayOut);
    say('When that is mended: coalmine build');
  }
}

/** Before a push: production's and the canary's branch are deployed first. Returns false to refuse the push. */
export async function prePush(): Promise<boolean> {
  if (process.env.COALMINE_SKIP === '1') {
    say('COALMINE_SKIP=1: pushed without a deploy');
    return true;
  }
  const clone = process.cwd();
  const refs = parsePushedRefs(await text(process.stdin));
  const { project, environment } = await openClone(clone);
  const deployed = refs.filter((ref) => targetOf(project.config, ref.remoteRef) !== null);
  for (const ref of deployed.filter(isDeletion))
    say(`${ref.remoteRef} is deleted; what it deployed goes on running`);
  const due = deployed.filter((ref) => !isDeletion(ref));
  if (due.length === 0) return true;
  try {
    const jenkins = new Jenkins(environment, project.config.jenkins.job);
    // All are checked before the first is deployed; the canary goes before production.
    for (const ref of due) await refuseUnlessReady(clone, jenkins, ref);
    const canaryFirst = due.toSorted((a, b) => order(project, a) - order(project, b));
    for (const ref of canaryFirst) await deployPushed(clone, project, jenkins, ref);
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

async function deployPushed(
  clone: string,
  project: Project,
  jenkins: Jenkins,
  ref: PushedRef,
): Promise<void> {
  const target = targetOf(project.config, ref.remoteRef) ?? 'prod';
  const commit = ref.localCommit;
  const result = await buildAndFollow(jenkins, {
    REPO: await offerCommit(clone, jenkins.url, commit),
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

/** The clone's project, with the keys of the Coalmine that its hooks were installed from. */
async function openClone(clone: string): Promise<{ project: Project; environment: Environment }> {
  process.env.COALMINE_HOME ??= await git(clone, 'config', 'coalmine.home').catch(() => undefined);
  const project = await openProject(clone);
  return { project, environment: await readEnvironment(project) };
}
