import { currentBranch, git, operationInProgress, rejectedRef, resolveCommit, stableRef } from './git.js';

export type ResetOutcome =
  { done: true; to: string; rejected: string } | { done: false; why: string; rejected: string };

/**
 * Takes a red commit back: the branch goes to its last stable commit, the work tree follows where it was not
 * touched (`--keep`), and the rejected commit stays under `refs/coalmine/rejected/`. Does nothing, and says why,
 * whenever that could lose or surprise: other commits on top, another branch, a rebase, local edits in the way.
 */
export async function takeBack(folder: string, branch: string, commit: string): Promise<ResetOutcome> {
  const rejected = rejectedRef(commit);
  await git(folder, 'update-ref', '-m', 'coalmine: red build', rejected, commit);
  const leave = (why: string): ResetOutcome => ({ done: false, why, rejected });

  const operation = await operationInProgress(folder);
  if (operation) return leave(`a ${operation} is under way`);
  if ((await currentBranch(folder)) !== branch) return leave(`${branch} is not checked out any more`);
  if ((await resolveCommit(folder, 'HEAD')) !== commit) return leave(`${branch} has moved on since`);
  const stable = await resolveCommit(folder, stableRef(branch));
  if (!stable) return leave(`no commit of ${branch} was green yet, so there is none to go back to`);
  if (stable === commit) return leave(`it is the last stable commit itself`);
  try {
    await git(folder, 'reset', '--keep', stable);
  } catch {
    return leave(
      'uncommitted changes touch the same files; commit or stash them, then `coalmine build --attach`',
    );
  }
  return { done: true, to: stable, rejected };
}

/** Remembers a green commit as the place to come back to. A commit older than the known one changes nothing. */
export async function rememberStable(folder: string, branch: string, commit: string): Promise<void> {
  await git(folder, 'update-ref', '-m', 'coalmine: green build', stableRef(branch), commit);
}
