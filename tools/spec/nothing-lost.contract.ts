import { execFile } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { conclude } from '../src/follow.js';
import { git, gitOrNull } from '../src/git.js';
import { committed } from '../src/hook.js';
import { rememberStable } from '../src/reset.js';

/** What a developer, and Jenkins, may do next. `red` is what Jenkins says of what is committed. */
type Step =
  | { do: 'edit'; file: number }
  | { do: 'commit'; file: number; red: boolean; amend: boolean }
  | { do: 'build ends' }
  | { do: 'jenkins'; up: boolean }
  | {
      do: 'branch' | 'switch' | 'merge' | 'rebase' | 'stash' | 'stash pop' | 'push' | 'pull' | 'other clone';
    };

const plain = [
  'branch',
  'switch',
  'merge',
  'rebase',
  'stash',
  'stash pop',
  'push',
  'pull',
  'other clone',
] as const;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('edit' as const), file: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      file: fc.nat(3),
      red: fc.boolean(),
      amend: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('build ends' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jenkins' as const), up: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom(...plain) }) },
);

const sequences = 500;
const atOnce = 4;

describe('Whatever is committed, edited, stashed, rebased and built', () => {
  let folder: string;
  let template: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-nothing-lost-'));
    template = join(folder, 'template');
    const origin = join(template, 'origin.git');
    await git(folder, 'init', '--quiet', '--bare', '--template=', '--initial-branch=main', origin);
    for (const name of ['ann', 'bob']) {
      const clone = join(template, name);
      await git(folder, 'clone', '--quiet', '--template=', origin, clone);
      await git(clone, 'config', 'user.name', name);
      await git(clone, 'config', 'user.email', `${name}@example.com`);
      await git(clone, 'remote', 'set-url', 'origin', '../origin.git');
      if (name === 'ann') {
        await appendFile(join(clone, 'file-0'), 'the beginning\n');
        await git(clone, 'add', '--all');
        await git(clone, 'commit', '--quiet', '--message', 'the beginning');
        await git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
      } else await git(clone, 'pull', '--quiet', 'origin', 'main');
      await rememberStable(clone, 'main', await git(clone, 'rev-parse', 'HEAD'));
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(`no byte of it is unreachable after any of ${sequences} random sequences`, async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
      const desk = new Desk(await mkdtemp(join(folder, 'run-')));
      await cp(template, desk.folder, { recursive: true });
      for (const next of steps) await desk.take(next);
      const lost = await desk.lost();
      await rm(desk.folder, { recursive: true, force: true });
      if (lost.length > 0) throw new Error(`lost: ${lost.join(', ')}`);
    });
    const numRuns = sequences / atOnce;
    const searches = Array.from({ length: atOnce }, () => fc.assert(property, { numRuns }));
    await Promise.allSettled(searches); // none may still be writing when the folder goes
    await Promise.all(searches);
  }, 240_000);
});

/** Two clones of one repository with Coalmine's hooks, and a Jenkins that says what the sequence wants. */
class Desk {
  private clone = 'ann';
  private jenkinsIsUp = true;
  private readonly written: string[] = [];
  private readonly builds: { clone: string; branch: string; commit: string; red: boolean }[] = [];

  constructor(readonly folder: string) {}

  async take(step: Step): Promise<void> {
    const here = join(this.folder, this.clone);
    switch (step.do) {
      case 'edit':
        return this.edit(here, step.file);
      case 'commit':
        await this.edit(here, step.file);
        await gitOrNull(here, 'add', '--all');
        await gitOrNull(here, 'commit', '--quiet', '--message', 'some', ...(step.amend ? ['--amend'] : []));
        return this.postCommit(here, step.red);
      case 'build ends':
        return this.endBuild();
      case 'jenkins':
        this.jenkinsIsUp = step.up;
        return;
      case 'branch':
        await gitOrNull(here, 'checkout', '--quiet', '-b', `side-${this.written.length}`);
        return;
      case 'switch':
        await gitOrNull(here, 'checkout', '--quiet', await this.otherBranch(here));
        return;
      case 'merge':
        if ((await gitOrNull(here, 'merge', '--quiet', '--no-edit', await this.otherBranch(here))) === null)
          await gitOrNull(here, 'merge', '--abort');
        return;
      case 'rebase':
        if ((await gitOrNull(here, 'rebase', '--quiet', await this.otherBranch(here))) === null)
          await gitOrNull(here, 'rebase', '--abort');
        return;
      case 'stash':
        await gitOrNull(here, 'stash', 'push', '--quiet', '--include-untracked');
        return;
      case 'stash pop':
        await gitOrNull(here, 'stash', 'pop', '--quiet');
        return;
      case 'push':
        await gitOrNull(here, 'push', '--quiet', 'origin', 'HEAD');
        return;
      case 'pull':
        if ((await gitOrNull(here, 'pull', '--quiet', '--rebase', 'origin', 'main')) === null)
          await gitOrNull(here, 'rebase', '--abort');
        return;
      case 'other clone':
        this.clone = this.clone === 'ann' ? 'bob' : 'ann';
    }
  }

  /** Every line ever written that is in no work tree and no object that a ref or a stash reaches. */
  async lost(): Promise<string[]> {
    const texts: string[] = [];
    for (const name of ['ann', 'bob']) {
      const clone = join(this.folder, name);
      for (const file of await readdir(clone))
        if (file !== '.git') texts.push(await readFile(join(clone, file), 'utf8'));
      const stashes = (await git(clone, 'stash', 'list', '--format=%H')).split('\n').filter(Boolean);
      const objects = await git(clone, 'rev-list', '--objects', '--no-object-names', '--all', ...stashes);
      texts.push(await contents(clone, objects));
    }
    const all = texts.join('\n');
    return this.written.filter((line) => !all.includes(line));
  }

  private async edit(clone: string, file: number): Promise<void> {
    const line = `line ${this.written.length}.`;
    this.written.push(line);
    await appendFile(join(clone, `file-${file}`), `${line}\n`);
  }

  private async postCommit(clone: string, red: boolean): Promise<void> {
    const what = await committed(clone);
    if ('skip' in what || !this.jenkinsIsUp) return;
    this.builds.push({ clone, ...what, red });
  }

  private async endBuild(): Promise<void> {
    const build = this.builds.shift();
    if (!build) return;
    const { clone, branch, commit, red } = build;
    const result = { number: 1, url: 'http://jenkins/1/', durationMs: 1, green: !red };
    await conclude(clone, branch, commit, 'none', { ...result, result: red ? 'FAILURE' : 'SUCCESS' }, null);
  }

  private async otherBranch(clone: string): Promise<string> {
    const names = await git(
      clone,
      'for-each-ref',
      '--format=%(refname:short)',
      'refs/heads',
      '--sort=refname',
    );
    const current = await gitOrNull(clone, 'symbolic-ref', '--short', 'HEAD');
    return names.split('\n').find((name) => name !== current) ?? 'main';
  }
}

function contents(clone: string, objects: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['cat-file', '--batch'],
      { cwd: clone, maxBuffer: 64 * 1024 * 1024, encoding: 'latin1' },
      (error, stdout) => (error ? reject(error as Error) : resolve(stdout)),
    );
    child.stdin?.end(`${objects}\n`);
  });
}
