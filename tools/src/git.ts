import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

// Not execa, which takes longer to load than a hook with nothing to do may take as a whole.
const run = promisify(execFile);
const longestAnswerBytes = 64 * 1024 * 1024;

/** Hooks run with GIT_DIR, GIT_INDEX_FILE and more set for one repository; git elsewhere must not see them. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));

/** git in a folder, by argument array; the answer without its last newline. Throws with git's own words. */
export async function git(folder: string, ...parameters: string[]): Promise<string> {
  const { stdout } = await run('git', parameters, { cwd: folder, env, maxBuffer: longestAnswerBytes });
  return stdout.replace(/\n$/, '');
}

/** The answer, or null when git says no. */
export async function gitOrNull(folder: string, ...parameters: string[]): Promise<string | null> {
  return git(folder, ...parameters).catch((error: unknown) => {
    if (typeof (error as { code?: unknown }).code === 'number') return null;
    throw error; // git itself is missing, or the folder
  });
}

/** The commit that a name stands for, in full, or null. */
export async function resolveCommit(folder: string, name: string): Promise<string | null> {
  return gitOrNull(folder, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`);
}

/** The branch that is checked out; null in a detached HEAD. */
export async function currentBranch(folder: string): Promise<string | null> {
  return gitOrNull(folder, 'symbolic-ref', '--quiet', '--short', 'HEAD');
}

/** What git is in the middle of (`rebase`, `merge`, …), or null. Works in worktrees. */
export async function operationInProgress(folder: string): Promise<string | null> {
  const gitFolder = await git(folder, 'rev-parse', '--absolute-git-dir');
  const marks = {
    'rebase-merge': 'rebase',
    'rebase-apply': 'rebase',
    MERGE_HEAD: 'merge',
    CHERRY_PICK_HEAD: 'cherry-pick',
    REVERT_HEAD: 'revert',
    BISECT_LOG: 'bisect',
  };
  for (const [mark, operation] of Object.entries(marks))
    if (existsSync(join(gitFolder, mark))) return operation;
  return null;
}

/** True when a commit is contained in another's history, or is that commit. */
export async function isAncestor(folder: string, ancestor: string, commit: string): Promise<boolean> {
  return (await gitOrNull(folder, 'merge-base', '--is-ancestor', ancestor, commit)) !== null;
}

/** Where the last green commit of a branch is remembered. */
export function stableRef(branch: string): string {
  return `refs/coalmine/stable/${branch}`;
}

/** Where a commit that was taken back stays reachable. */
export function rejectedRef(commit: string): string {
  return `refs/coalmine/rejected/${commit}`;
}
