import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offerCommit } from '../src/follow.js';
import { git, gitOrNull } from '../src/git.js';
import { Jenkins } from '../src/jenkins.js';
import { checkouts } from '../src/jenkins-job.js';

/** What the git plugin does with a job: expands refspec and branch, fetches, and asks `git rev-parse`. */
async function checkout(
  workspace: string,
  origin: string,
  BRANCH: string,
  COMMIT: string,
): Promise<string | null> {
  const expand = (text: string): string =>
    text.replaceAll('${BRANCH}', BRANCH).replaceAll('${COMMIT}', COMMIT);
  const refspecs = expand(checkouts.remote.refspec).split(' ');
  await git(workspace, 'fetch', '--quiet', '--tags', '--force', '--', origin, ...refspecs);
  return gitOrNull(
    workspace,
    'rev-parse',
    '--verify',
    '--quiet',
    `${expand(checkouts.remote.branch)}^{commit}`,
  );
}

describe('The job of a real Jenkins checks out', () => {
  let folder: string;
  let workspace: string;
  let origin: string;
  let offered: string;
  let tip: string;
  let older: string;

  async function commit(clone: string, message: string): Promise<string> {
    const us = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    await git(clone, ...us, 'commit', '--quiet', '--allow-empty', '--message', message);
    return git(clone, 'rev-parse', 'HEAD');
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-checkout-'));
    [origin, workspace] = [join(folder, 'origin.git'), join(folder, 'workspace')];
    const clone = join(folder, 'clone');
    await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin);
    await git(folder, 'init', '--quiet', workspace);
    await git(folder, 'clone', '--quiet', origin, clone);
    older = await commit(clone, 'older');
    tip = await commit(clone, 'tip');
    await git(clone, 'push', '--quiet', 'origin', 'HEAD:refs/heads/main', 'HEAD~1:refs/heads/main2');
    await git(clone, 'push', '--quiet', 'origin', 'HEAD~1:refs/heads/feature/x');
    offered = await commit(clone, 'never pushed to a branch');
    await git(clone, 'push', '--quiet', 'origin', `HEAD:refs/coalmine/build/${offered}`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const from = (branch: string, asked: string) => checkout(workspace, origin, branch, asked);

  it('the commit that a hook offers, on a branch that was never pushed too', async () => {
    expect(await from('main', offered)).toBe(offered);
    expect(await from('only-here', offered)).toBe(offered);
  });

  it('a commit of any branch, in full or short', async () => {
    expect(await from('main', older)).toBe(older);
    expect(await from('main', older.slice(0, 8))).toBe(older);
  });

  it('the tip of BRANCH when there is no COMMIT', async () => {
    expect(await from('main', '')).toBe(tip);
    expect(await from('main2', '')).toBe(older);
    expect(await from('feature/x', '')).toBe(older);
  });

  it('nothing, rather than something else, for what it does not know', async () => {
    expect(await from('main', 'f'.repeat(40))).toBeNull();
    expect(await from('main', 'main')).toBeNull();
    expect(await from('only-here', '')).toBeNull();
  });

  it('a commit of a hook beside a real Jenkins on the same machine, which cannot read the clone', async () => {
    // A real Jenkins wants credentials at every address.
    const server: Server = createServer((_request, response) => response.writeHead(403).end()).listen(0);
    try {
      const { port } = server.address() as AddressInfo;
      const url = `http://localhost:${port}`;
      const jenkins = new Jenkins({ JENKINS_URL: url, JENKINS_USER: 'a', JENKINS_TOKEN: 'b' }, 'coalmine');
      const clone = join(folder, 'clone');
      const fresh = await commit(clone, 'fresh');
      expect(await offerCommit(clone, jenkins, fresh)).toBe(origin);
      expect(await from('main', fresh)).toBe(fresh);
    } finally {
      server.close();
    }
  });
});
