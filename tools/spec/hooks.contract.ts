import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soon } from '@coalmine/fleet/testbed.js';
import { git, gitOrNull, rejectedRef, stableRef } from '../src/git.js';
import { Jenkins } from '../src/jenkins.js';
import { installation } from '../src/project.js';
import { Controller } from './controller.js';

/** A pipeline of the same shape as the real one, whose specs look for words in a file and take as long as it says. */
const jenkinsfile = `pipeline {
  agent any
  stages {
    stage('Test') {
      when { expression { params.ACTION == 'build' } }
      steps { sh './specs' }
    }
    stage('Deploy') {
      when { expression { params.ACTION == 'deploy' } }
      steps { sh 'echo "$TARGET $COMMIT" >> "$DEPLOYS"; ! grep breaks-deploy app' }
    }
  }
  post { always { junit testResults: 'reports/*.xml', allowEmptyResults: true } }
}
`;
const specs = `#!/bin/sh
mkdir -p reports; sleep "$(grep -oE 'sleep [0-9.]+' app | cut -d' ' -f2 || echo 0)" 2>/dev/null
grep -q broken app || exit 0
echo '<testsuite name="s"><testcase classname="The app" name="works"><failure message="Expected broken to be whole.">at file:///ws/specs:3:1</failure></testcase></testsuite>' > reports/s.xml
exit 1
`;

describe('The hooks, with a Jenkins that answers', () => {
  let folder: string;
  let clone: string;
  let controller: Controller;

  const inClone = (program: string, parameters: string[], environment: Record<string, string> = {}) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const env = { ...process.env, ...controller.environment, ...environment };
      const child = execFile(program, parameters, { cwd: clone, env }, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      );
    });
  const command = join(installation, 'tools/bin/coalmine.js');
  const coalmine = (...parameters: string[]) => inClone(process.execPath, [command, ...parameters]);
  const write = (text: string): Promise<void> => writeFile(join(clone, 'app'), text);
  const commit = async (text: string, message = 'some', environment = {}) => {
    await write(text);
    return inClone('git', ['commit', '--all', '--message', message], environment);
  };
  const push = (...refs: string[]) => inClone('git', ['push', 'origin', ...refs]);
  const head = (): Promise<string> => git(clone, 'rev-parse', 'HEAD');
  const deploys = async (): Promise<string[]> => {
    const text = await readFile(join(folder, 'deploys'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-hooks-'));
    clone = join(folder, 'clone');
    controller = new Controller(folder);
    await controller.start({ DEPLOYS: join(folder, 'deploys') });
    await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'origin.git');
    await git(folder, 'clone', '--quiet', 'origin.git', clone);
    await git(clone, 'config', 'user.name', 'Ann');
    await git(clone, 'config', 'user.email', 'ann@example.com');
    await writeFile(join(clone, 'coalmine.yml'), 'name: shop\n');
    await writeFile(join(clone, 'Jenkinsfile'), jenkinsfile);
    await writeFile(join(clone, 'specs'), specs);
    await chmod(join(clone, 'specs'), 0o755);
    await write('first');
    await git(clone, 'add', '--all');
    await git(clone, 'commit', '--quiet', '--message', 'first');
    await git(clone, 'push', '--quiet', 'origin', 'main');
    const jenkins = new Jenkins(controller.environment, 'coalmine');
    await jenkins.ensureJob(join(folder, 'origin.git'));
    await mkdir(join(folder, 'home'));
    expect(
      (
        await inClone(process.execPath, [command, 'hooks', 'install'], {
          COALMINE_HOME: join(folder, 'home'),
        })
      ).code,
    ).toBe(0);
  }, 60_000);

  afterAll(async () => {
    await controller.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  afterEach(async () => {
    await gitOrNull(clone, 'reset', '--quiet', '--hard', stableRef('main'));
  });

  it('say that the first red commit has nowhere to go back to', async () => {
    const { output } = await commit('broken from the start');
    expect(output).toContain('no commit of main was green yet');
    expect(await readFile(join(clone, 'app'), 'utf8')).toBe('broken from the start');
    await git(clone, 'reset', '--quiet', '--hard', 'HEAD^');
  });

  it('show the build of a commit, and remember it as stable when it is green', async () => {
    const { code, output } = await commit(
      'good',
      'a $(touch pwned) "message" \'of\' `many`\n\nlines ; rm -rf x',
    );
    expect(code).toBe(0);
    expect(output).toContain('▸ Test');
    expect(output).toMatch(/✔ [0-9a-f]{10} is green after \d+ s: packaged, not deployed/);
    expect(await git(clone, 'rev-parse', stableRef('main'))).toBe(await head());
    expect(await readdir(clone)).not.toContain('pwned');
  });

  it('take a red commit back, say why it is red, and how to get it back', async () => {
    const before = await head();
    const { output } = await commit('broken');
    expect(await head()).toBe(before);
    expect(output).toContain('specs:3: The app works – Expected broken to be whole.');
    const rejected = /git cherry-pick (\S+)/.exec(output)?.[1] ?? '';
    expect(await git(clone, 'show', `${rejected}:app`)).toBe('broken');
    expect(await git(clone, 'notes', '--ref=coalmine', 'show', rejected)).toContain('FAILURE: http://');
  });

  it('leave a commit alone that has another one on top by then', async () => {
    const building = commit('broken sleep 2');
    await soon(
      async () => (await git(clone, 'log', '-1', '--format=%s')) === 'some' && (await buildsNow()) > 0,
    );
    await writeFile(join(clone, 'more'), 'more');
    await git(clone, 'add', 'more');
    await git(clone, '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message', 'on top');
    const { output } = await building;
    expect(output).toContain('main has moved on since');
    expect(await git(clone, 'log', '-1', '--format=%s')).toBe('on top');
  });

  it('let go with Ctrl-C, and draw the consequence when the build is picked up again', async () => {
    const before = await head();
    await commit('broken sleep 2', 'slow', { COALMINE_SKIP: '1' });
    const bad = await head();
    const env = { ...process.env, ...controller.environment };
    const looking = spawn(process.execPath, [command, 'build'], { cwd: clone, env });
    let said = '';
    looking.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await soon(() => said.includes('▸ Test'), 10_000);
    looking.kill('SIGINT');
    const [code] = (await once(looking, 'exit')) as [number];
    expect(code).toBe(0);
    expect(said).toContain('coalmine build --attach');
    expect(await head()).toBe(bad);
    const attached = await coalmine('build', '--attach');
    expect(attached.code).toBe(1);
    expect(await head()).toBe(before);
    expect(await gitOrNull(clone, 'rev-parse', rejectedRef(bad))).toBe(bad);
  });

  it('show the token to nobody: no process, no log, no ref has it', async () => {
    const building = commit('good sleep 2');
    await soon(async () => (await buildsNow()) > 0);
    expect(await processesThatSay(controller.environment.JENKINS_TOKEN)).toEqual([]);
    const { output } = await building;
    expect(output).not.toContain(controller.environment.JENKINS_TOKEN);
    const config = await readFile(join(clone, '.git/config'), 'utf8');
    expect(config).not.toContain(controller.environment.JENKINS_TOKEN);
  });

  it('deploy what is pushed to main and canary, the canary first, and nothing else', async () => {
    const good = await head();
    await git(clone, 'branch', '--force', 'side "of" $(things)'.replaceAll(' ', '-'));
    await git(clone, 'tag', '--force', 'v1');
    const before = (await deploys()).length;
    expect((await push('side-"of"-$(things)', 'v1')).code).toBe(0);
    expect((await push('--delete', 'v1')).code).toBe(0);
    expect((await deploys()).length).toBe(before);
    const { code, output } = await push('main', 'main:canary');
    expect(code).withContext(output).toBe(0);
    expect((await deploys()).slice(before)).toEqual([`canary ${good}`, `prod ${good}`]);
    expect(await git(join(folder, 'origin.git'), 'rev-parse', 'main', 'canary')).toBe(`${good}\n${good}`);
  });

  it('refuse a push that nothing green stands behind, or that rewrites what was deployed', async () => {
    const origin = join(folder, 'origin.git');
    const before = await git(origin, 'rev-parse', 'main');
    await commit('not built', 'not built', { COALMINE_SKIP: '1' });
    const unbuilt = await push('main');
    expect(unbuilt.code).not.toBe(0);
    expect(unbuilt.output).toContain('has no green build');
    await git(clone, 'reset', '--quiet', '--hard', 'HEAD^^');
    const forced = await push('--force', 'main');
    expect(forced.code).not.toBe(0);
    expect(forced.output).toContain('what was deployed once is not rewritten');
    expect(await git(origin, 'rev-parse', 'main')).toBe(before);
  });

  it('refuse a push whose deploy fails', async () => {
    const origin = join(folder, 'origin.git');
    const before = await git(origin, 'rev-parse', 'main');
    await commit('breaks-deploy');
    const { code, output } = await push('main');
    expect(code).not.toBe(0);
    expect(output).toContain('to prod failed; prod is as it was');
    expect(await git(origin, 'rev-parse', 'main')).toBe(before);
  });

  it('let a deletion of main pass, and say that what it deployed goes on', async () => {
    const origin = join(folder, 'origin.git');
    await git(origin, 'config', 'receive.denyDeleteCurrent', 'ignore');
    const { code, output } = await push('--delete', 'main');
    expect(code).withContext(output).toBe(0);
    expect(output).toContain('what it deployed goes on running');
  });

  it('keep a commit and refuse a push while Jenkins is away, and say what to do', async () => {
    await controller.stop();
    const before = await head();
    const { code, output } = await commit('good again');
    expect(code).toBe(0);
    expect(await head()).not.toBe(before);
    expect(output).toContain('does not answer');
    expect(output).toContain('coalmine build');
    const pushed = await push('main');
    expect(pushed.code).not.toBe(0);
    expect(pushed.output).toContain('push refused');
  });

  async function buildsNow(): Promise<number> {
    const { JENKINS_URL, JENKINS_USER, JENKINS_TOKEN } = controller.environment;
    const authorization = `Basic ${Buffer.from(`${JENKINS_USER}:${JENKINS_TOKEN}`).toString('base64')}`;
    const answer = await fetch(`${JENKINS_URL}/job/coalmine/api/json?tree=builds[building]`, {
      headers: { authorization },
    });
    const { builds } = (await answer.json()) as { builds: { building: boolean }[] };
    return builds.filter(({ building }) => building).length;
  }
});

async function processesThatSay(word: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(word));
}
