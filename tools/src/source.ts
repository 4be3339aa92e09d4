import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { git, gitOrNull, resolveCommit, stableRef } from './git.js';
import { Problem } from './problem.js';
import { installHooks } from './hooks-install.js';
import { rememberStable } from './reset.js';
import type { Project } from './project.js';

/** Where Jenkins fetches from, and the commit to begin with. */
export interface Source {
  repository: string;
  commit: string;
}

/** The repository that a Jenkins elsewhere can reach: this one's `origin`. Throws a Problem when there is none. */
export async function remoteSource(project: Project): Promise<Source> {
  const repository = await gitOrNull(project.root, 'remote', 'get-url', 'origin');
  if (!repository) {
    throw new Problem(
      `${project.root} has no remote "origin" that Jenkins could build from`,
      'git remote add origin URL',
    );
  }
  return { repository, commit: await git(project.root, 'rev-parse', 'HEAD') };
}

/** The repository that the local Jenkins builds from: a bare copy of this one, where the trial clone pushes to. */
function originOf(project: Project): string {
  return join(project.home, 'origin.git');
}

/** Makes the bare copy, or brings it forward to this repository's HEAD if nobody has pushed elsewhere. */
export async function prepareOrigin(project: Project): Promise<Source> {
  const origin = originOf(project);
  const commit = await resolveCommit(project.root, 'HEAD');
  if (!commit) {
    throw new Problem(
      `${project.root} is not a git repository with a commit`,
      'git init && git add --all && git commit',
    );
  }
  const { prod, canary } = project.config.pools;
  if (!existsSync(origin)) {
    await git(project.home, 'init', '--quiet', '--bare', `--initial-branch=${prod.branch}`, origin);
    await git(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  }
  for (const branch of [prod.branch, canary.branch]) {
    // Not forced: what was pushed from the trial clone stays.
    await git(project.root, 'push', '--quiet', '--no-verify', origin, `${commit}:refs/heads/${branch}`).catch(
      () => undefined,
    );
  }
  return { repository: origin, commit };
}

/** A clone with the hooks in place, on the production branch, whose present commit counts as stable. */
export async function prepareTrialClone(project: Project): Promise<string> {
  const clone = join(project.home, 'trial');
  if (!existsSync(clone)) {
    await git(project.home, 'clone', '--quiet', originOf(project), clone);
    await git(clone, 'config', 'user.name', 'Coalmine trial');
    await git(clone, 'config', 'user.email', 'trial@localhost');
  }
  await installHooks(clone, project.home);
  const { prod, canary } = project.config.pools;
  for (const branch of [prod.branch, canary.branch]) {
    const commit = await resolveCommit(clone, `origin/${branch}`);
    if (commit && !(await resolveCommit(clone, stableRef(branch)))) {
      await rememberStable(clone, branch, commit);
    }
  }
  return clone;
}
