import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, rejectedRef, stableRef } from '../src/git.js';
import { rememberStable, takeBack } from '../src/reset.js';

const note = 'FAILURE: http://jenkins/job/shop/7/';

describe('taking a red commit back', () => {
  let clone: string;
  let good: string;

  const commit = async (file: string, text: string): Promise<string> => {
    await writeFile(join(clone, file), text);
    await git(clone, 'add', '--all');
    await git(clone, 'commit', '--quiet', '--message', `${file}: $(touch pwned) "quotes" 'and'\n\nlines`);
    return git(clone, 'rev-parse', 'HEAD');
  };
  const head = (): Promise<string> => git(clone, 'rev-parse', 'HEAD');

  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'coalmine-reset-'));
    await git(clone, 'init', '--quiet', '--initial-branch=main');
    await git(clone, 'config', 'user.name', 'Ann');
    await git(clone, 'config', 'user.email', 'ann@example.com');
    good = await commit('app.txt', 'good');
    await rememberStable(clone, 'main', good);
  });

  afterEach(() => rm(clone, { recursive: true, force: true }));

  it('puts the branch on the last stable commit and keeps the rejected one reachable', async () => {
    const bad = await commit('app.txt', 'bad');
    expect(await takeBack(clone, 'main', bad, note)).toEqual({
      done: true,
      to: good,
      rejected: rejectedRef(bad),
    });
    expect(await head()).toBe(good);
    expect(await git(clone, 'rev-parse', rejectedRef(bad))).toBe(bad);
    expect(await readFile(join(clone, 'app.txt'), 'utf8')).toBe('good');
    expect(await git(clone, 'notes', '--ref=coalmine', 'show', bad)).toBe(note);
  });

  it('lets uncommitted work survive', async () => {
    await commit('other.txt', 'first');
    await rememberStable(clone, 'main', await head());
    const bad = await commit('app.txt', 'bad');
    await writeFile(join(clone, 'other.txt'), 'edited, not committed');
    await writeFile(join(clone, 'new.txt'), 'untracked');
    expect((await takeBack(clone, 'main', bad, note)).done).toBeTrue();
    expect(await readFile(join(clone, 'other.txt'), 'utf8')).toBe('edited, not committed');
    expect(await readFile(join(clone, 'new.txt'), 'utf8')).toBe('untracked');
  });

  it('leaves all as it is when an edit is in the way', async () => {
    const bad = await commit('app.txt', 'bad');
    await writeFile(join(clone, 'app.txt'), 'edited on top of bad');
    const outcome = await takeBack(clone, 'main', bad, note);
    expect(outcome.done).toBeFalse();
    expect(await head()).toBe(bad);
    expect(await readFile(join(clone, 'app.txt'), 'utf8')).toBe('edited on top of bad');
  });

  it('leaves commits that were made on top', async () => {
    const bad = await commit('app.txt', 'bad');
    const onTop = await commit('app.txt', 'on top');
    expect((await takeBack(clone, 'main', bad, note)).done).toBeFalse();
    expect(await head()).toBe(onTop);
  });

  it('does not go back to an older commit because its build ended later', async () => {
    const newer = await commit('app.txt', 'newer');
    await rememberStable(clone, 'main', newer);
    await rememberStable(clone, 'main', good);
    expect(await git(clone, 'rev-parse', stableRef('main'))).toBe(newer);
  });

  it('says so when there was never a stable commit', async () => {
    await git(clone, 'update-ref', '-d', stableRef('main'));
    const bad = await commit('app.txt', 'bad');
    expect(await takeBack(clone, 'main', bad, note)).toEqual(
      jasmine.objectContaining({ done: false, why: jasmine.stringContaining('green') }),
    );
    expect(await head()).toBe(bad);
  });

  it('keeps out of a merge, a detached HEAD and another branch', async () => {
    const bad = await commit('app.txt', 'bad');
    await git(clone, 'checkout', '--quiet', '--detach');
    expect((await takeBack(clone, 'main', bad, note)).done).toBeFalse();
    await git(clone, 'checkout', '--quiet', '-b', 'feature/"odd"-$(name)');
    expect((await takeBack(clone, 'main', bad, note)).done).toBeFalse();
    await git(clone, 'checkout', '--quiet', 'main');
    await writeFile(join(clone, '.git/MERGE_HEAD'), `${good}\n`);
    expect((await takeBack(clone, 'main', bad, note)).done).toBeFalse();
    expect(await git(clone, 'rev-parse', 'main')).toBe(bad);
  });

  it('goes back to a green commit that was taken over from another branch', async () => {
    const taken = await commit('app.txt', 'green on canary, then merged');
    await rememberStable(clone, 'canary', taken);
    const bad = await commit('app.txt', 'bad');
    expect(await takeBack(clone, 'main', bad, note)).toEqual(
      jasmine.objectContaining({ done: true, to: taken }),
    );
  });

  it('goes back to the green commit that an amend replaced', async () => {
    const green = await commit('app.txt', 'green');
    await rememberStable(clone, 'main', green);
    await writeFile(join(clone, 'app.txt'), 'bad');
    await git(clone, 'commit', '--quiet', '--all', '--amend', '--no-edit');
    expect(await takeBack(clone, 'main', await head(), note)).toEqual(
      jasmine.objectContaining({ done: true, to: green }),
    );
  });

  it('works in a worktree', async () => {
    const tree = `${clone}-tree`;
    try {
      await git(clone, 'worktree', 'add', '--quiet', '-b', 'side', tree);
      await rememberStable(tree, 'side', good);
      await writeFile(join(tree, 'app.txt'), 'bad');
      await git(tree, 'commit', '--quiet', '--all', '--message', 'bad');
      const bad = await git(tree, 'rev-parse', 'HEAD');
      expect((await takeBack(tree, 'side', bad, note)).done).toBeTrue();
      expect(await git(tree, 'rev-parse', 'HEAD')).toBe(good);
    } finally {
      await rm(tree, { recursive: true, force: true });
    }
  });
});
