import { currentBranch, isAncestor, operationInProgress, resolveCommit } from './git.js';
import type { Config } from '@coalmine/fleet/config.js';

/** Says something between git's own lines. */
export function say(line: string): void {
  process.stderr.write(`coalmine: ${line}\n`);
}

/** One line that git hands to `pre-push`: what goes where. */
export interface PushedRef {
  localRef: string;
  localCommit: string;
  remoteRef: string;
  remoteCommit: string;
}

export interface Skip {
  skip: string;
}

/** Reads pre-push's standard input. */
export function parsePushedRefs(input: string): PushedRef[] {
  return input
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [localRef = '', localCommit = '', remoteRef = '', remoteCommit = ''] = line.split(' ');
      return { localRef, localCommit, remoteRef, remoteCommit };
    });
}

/** What a pushed branch is deployed to; null for branches and tags that are just pushed. */
export function targetOf(config: Config, remoteRef: string): 'prod' | 'canary' | null {
  if (remoteRef === `refs/heads/${config.pools.prod.branch}`) return 'prod';
  if (remoteRef === `refs/heads/${config.pools.canary.branch}`) return 'canary';
  return null;
}

export function isDeletion(ref: PushedRef): boolean {
  return /^0+$/.test(ref.localCommit);
}

export function isNewBranch(ref: PushedRef): boolean {
  return /^0+$/.test(ref.remoteCommit);
}

/** The commit a post-commit hook should have built, or why it should not. */
export async function committed(folder: string): Promise<{ branch: string; commit: string } | Skip> {
  if (process.env.COALMINE_SKIP === '1') return { skip: 'COALMINE_SKIP=1' };
  const operation = await operationInProgress(folder);
  if (operation) return { skip: `a ${operation} is under way` };
  const branch = await currentBranch(folder);
  if (!branch) return { skip: 'HEAD is detached' };
  const commit = await resolveCommit(folder, 'HEAD');
  if (!commit) return { skip: `${branch} has no commit yet` };
  return { branch, commit };
}

/** True when the remote branch would lose commits by this push. */
export async function rewritesHistory(folder: string, ref: PushedRef): Promise<boolean> {
  if (isNewBranch(ref)) return false;
  return !(await isAncestor(folder, ref.remoteCommit, ref.localCommit));
}
