import {
  currentBranch,
  git,
  gitOrNull,
  isAncestor,
  operationInProgress,
  rejectedRef,
  resolveCommit,
  stableRef,
} from './git.js';

export type ResetOutcome =
  { done: true; to: string; rejected: string } | { done: false; why: string; rejected: string };

/**
 * Takes a red commit back: the branch goes to its last stable commit, the work tree follows where it was not
 * touched (`--keep`), and the rejected commit stays under `refs/coalmine/rejected/`. Does nothing, and says why,
 * whenever that could lose or surprise: other commits on top, another branch, a rebase, local edits in the way.
 */
export async function takeBack(
  folder: string,
  branch: string,
  commit: string,
  note: string,
): Promise<ResetOutcome> {
  const rejected = rejectedRef(commit);
  await git(folder, 'update-ref', '-m', 'coalmine: red build', rejected, commit);
  await noteOn(folder, commit, note);
  const leave = (why: string): ResetOutcome => ({ done: false, why, rejected });

  const operation = await operationInProgress(folder);
  if (operation) return leave(`a ${operation} is under way`);
  if ((await currentBranch(folder)) !== branch) return leave(`${branch} is not checked out any more`);
  if ((await resolveCommit(folder, 'HEAD')) !== commit) return leave(`${branch} has moved on since`);
  const stable = await lastStable(folder, branch, commit);
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

/** Which build rejected a commit, and why: `git log --notes=coalmine` shows it. A note that cannot be written is no loss. */
async function noteOn(folder: string, commit: string, note: string): Promise<void> {
  const us = ['-c', 'user.name=Coalmine', '-c', 'user.email=coalmine@localhost'];
  await gitOrNull(folder, ...us, 'notes', '--ref=coalmine', 'add', '--force', '--message', note, commit);
}

/** Remembers a green commit as the place to come back to. A commit older than the known one changes nothing. */
export async function rememberStable(folder: string, branch: string, commit: string): Promise<void> {
  const known = await resolveCommit(folder, stableRef(branch));
  if (known && (await isAncestor(folder, commit, known))) return;
  await git(folder, 'update-ref', '-m', 'coalmine: green build', stableRef(branch), commit);
}

/**
 * Where a red commit's branch goes back to: the branch's last green commit, or a later one that the branch has
 * taken over since from another (a green commit of `canary`, say, that was merged).
 */
async function lastStable(folder: string, branch: string, commit: string): Promise<string | null> {
  const own = await resolveCommit(folder, stableRef(branch));
  const known = await git(folder, 'for-each-ref', '--format=%(objectname)', stableRef(''));
  let nearest: { candidate: string; distance: number } | null = null;
  for (const candidate of new Set(known.split('\n').filter(Boolean))) {
    if (candidate === commit || !(await isAncestor(folder, candidate, commit))) continue;
    const distance = Number(await git(folder, 'rev-list', '--count', `${candidate}..${commit}`));
    if (!nearest || distance < nearest.distance) nearest = { candidate, distance };
  }
  if (!nearest) return own;
  // After an amend the green commit is no ancestor any more, but still the one to go back to.
  return own === null || (await isAncestor(folder, own, nearest.candidate)) ? nearest.candidate : own;
}
