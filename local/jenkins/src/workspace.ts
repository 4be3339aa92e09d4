import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Revision {
  url: string;
  commit: string;
  branch: string | null;
  subject: string;
  changelog: string[];
  changedFiles: string[];
}

/** What a build asks for: a commit, or else the tip of a branch; all with the build's parameters put in. */
export interface Wanted {
  url: string;
  commit: string;
  branch: string;
  /** The job's own, beside all branches. */
  refspecs: readonly string[];
  /** The commit of the build before, for the list of changes. */
  since: string | undefined;
}

const environment = {
  GIT_TERMINAL_PROMPT: '0',
  // No transport that runs a command of the URL's choice.
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
};

/** Variables by which a caller's git (a hook) would bend ours to its own repository. */
const repositoryVariables = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_PREFIX',
];

/** The folder a job's builds share; what git ignores stays in it from build to build. */
export class Workspace {
  constructor(readonly directory: string) {}

  /** Fetches the repository and says which commit is to be built. Throws with git's words when there is none. */
  async fetch({ url, commit, branch, refspecs, since }: Wanted): Promise<Revision> {
    const location = url.replace(/^file:\/\//, '');
    if (location === '') throw new Error('No repository: set the job’s URL or the parameter REPO');
    mkdirSync(this.directory, { recursive: true });
    if (!existsSync(join(this.directory, '.git'))) await this.git('init', '--quiet');
    const serve = ['--upload-pack', 'git -c uploadpack.allowAnySHA1InWant=true upload-pack'];
    const local = location.startsWith('/') ? serve : [];
    const base = ['fetch', '--quiet', '--no-tags', '--force', ...local];
    await this.git(
      ...base,
      '--prune',
      '--',
      location,
      '+refs/heads/*:refs/remotes/origin/*',
      '+refs/coalmine/*:refs/coalmine/*',
      ...refspecs,
    );
    const name = branch.replace(/^\*\/|^origin\/|^refs\/heads\//, '');
    const sha = commit === '' ? await this.tip(name) : await this.commit(commit, location, base);
    const [subject = ''] = (await this.git('log', '-1', '--format=%s', sha)).split('\n');
    return {
      url,
      commit: sha,
      branch: name === '' ? null : `origin/${name}`,
      subject,
      ...(await this.changes(since, sha)),
    };
  }

  /** A file's text at a commit; undefined when the commit has no such file. */
  async show(commit: string, path: string): Promise<string | undefined> {
    const result = await execa('git', ['show', `${commit}:${path.replace(/^\.?\//, '')}`], {
      ...this.options(),
      reject: false,
      stripFinalNewline: false,
    });
    return result.exitCode === 0 ? result.stdout : undefined;
  }

  /** Writes the commit's shared library (`vars`, `src`, `resources`) to a folder of its own. */
  async exportLibrary(commit: string, target: string): Promise<void> {
    mkdirSync(target, { recursive: true });
    const present = (await this.git('ls-tree', '--name-only', commit, 'vars', 'src', 'resources'))
      .split('\n')
      .filter(Boolean);
    if (present.length === 0) return;
    const archive = execa('git', ['archive', '--format=tar', commit, ...present], {
      ...this.options(),
      encoding: 'buffer',
    });
    await archive.pipe('tar', ['-x', '-C', target]);
  }

  private async tip(branch: string): Promise<string> {
    // As Jenkins' git plugin: a branch of the remote first, then whatever git takes the name for.
    const found = (await this.parse(`refs/remotes/origin/${branch}`)) ?? (await this.parse(branch));
    if (found) return found;
    throw new Error(
      `Couldn't find any revision to build. Verify the repository and branch configuration for this job. (branch ‘${branch}’)`,
    );
  }

  private async commit(revision: string, location: string, base: string[]): Promise<string> {
    if (!/^[0-9a-f]{7,64}$/.test(revision)) throw new Error(`‘${revision}’ is not a commit’s hash`);
    const known = await this.parse(revision);
    if (known) return known;
    await this.git(...base, '--', location, revision);
    const fetched = await this.parse(revision);
    if (!fetched) throw new Error(`The repository ${location} has no commit ${revision}`);
    return fetched;
  }

  private async parse(revision: string): Promise<string | undefined> {
    const result = await execa(
      'git',
      ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
      {
        ...this.options(),
        reject: false,
      },
    );
    return result.exitCode === 0 ? result.stdout.trim() : undefined;
  }

  private async changes(
    since: string | undefined,
    sha: string,
  ): Promise<{ changelog: string[]; changedFiles: string[] }> {
    if (!since || since === sha || !(await this.parse(since))) return { changelog: [], changedFiles: [] };
    const [messages, files] = await Promise.all([
      this.git('log', '-z', '-100', '--format=%B', `${since}..${sha}`),
      this.git('diff', '-z', '--name-only', since, sha),
    ]);
    return {
      changelog: messages.split('\0').filter(Boolean),
      changedFiles: files.split('\0').filter(Boolean),
    };
  }

  private async git(...argumentList: string[]): Promise<string> {
    const result = await execa('git', argumentList, { ...this.options(), reject: false });
    if (result.exitCode === 0) return result.stdout;
    throw new Error(`git ${argumentList[0]}: ${result.stderr.trim() || result.shortMessage}`);
  }

  private options(): { cwd: string; env: Record<string, string | undefined> } {
    const cleared = Object.fromEntries(repositoryVariables.map((name) => [name, undefined]));
    return { cwd: this.directory, env: { ...cleared, ...environment } };
  }
}
