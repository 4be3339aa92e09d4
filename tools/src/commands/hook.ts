import { text } from 'node:stream/consumers';
import { committed, parsePushedRefs, say } from '../hook.js';

// A hook that has nothing to do must be over at once: what only builds and deploys need is loaded when they begin.

/** After a commit: build it, and take it back if it is red. Never fails: the commit is made already. */
export async function postCommit(): Promise<void> {
  const clone = process.cwd();
  const what = await committed(clone);
  if ('skip' in what) return;
  const { buildCommitted } = await import('../post-commit.js');
  await buildCommitted(clone, what.branch, what.commit);
}

/** Before a push: production's and the canary's branch are deployed first. Returns false to refuse the push. */
export async function prePush(): Promise<boolean> {
  const branches = parsePushedRefs(await text(process.stdin)).filter(({ remoteRef }) =>
    remoteRef.startsWith('refs/heads/'),
  );
  if (branches.length === 0) return true;
  if (process.env.COALMINE_SKIP === '1') {
    say('COALMINE_SKIP=1: pushed without a deploy');
    return true;
  }
  const { deployPushed } = await import('../pre-push.js');
  return deployPushed(process.cwd(), branches);
}
