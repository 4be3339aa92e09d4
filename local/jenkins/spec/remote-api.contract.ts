import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Controller, inlineXml, scmXml, stageOf } from './controller.js';

describe('local/jenkins remote API', () => {
  const controller = new Controller();

  beforeAll(() => controller.start(), 30_000);
  afterAll(() => controller.remove());

  it('creates, shows, changes and deletes a job, also one with spaces and umlauts', async () => {
    const { client } = controller;
    const name = 'größer als sonst';
    expect(await client.job.exists(name)).toBeFalse();
    await client.job.create(name, inlineXml(stageOf('echo "a"')));
    expect(await client.job.exists(name)).toBeTrue();
    await expectAsync(client.job.create(name, inlineXml('x'))).toBeRejectedWithError(/already exists/);
    await client.job.config(name, inlineXml(stageOf('echo "b"')));
    expect(String(await client.job.config(name))).toContain('echo &#34;b&#34;');
    expect((await client.info()).jobs).toEqual([jasmine.objectContaining({ name, color: 'notbuilt' })]);
    expect((await controller.run(name)).result).toBe('SUCCESS');
    expect((await client.job.get(name)).color).toBe('blue');
    const picked = await controller.json(
      `/job/${encodeURIComponent(name)}/api/json?tree=name,builds[number,result]{0,1}`,
    );
    expect(picked).toEqual({
      _class: 'org.jenkinsci.plugins.workflow.job.WorkflowJob',
      name,
      builds: [{ _class: 'org.jenkinsci.plugins.workflow.job.WorkflowRun', number: 1, result: 'SUCCESS' }],
    });
    await client.job.destroy(name);
    expect(await client.job.exists(name)).toBeFalse();
  }, 30_000);

  it('triggers with odd parameters, streams the log, and takes nothing in them for code', async () => {
    const odd = `$(touch ${controller.root}/owned) 'single' "double" \`tick\`\nnext line \${HOME} ü`;
    const url = controller.repository('with space', {
      Jenkinsfile: stageOf('greet who: params.WHO, \n number: 7'),
      'vars/greet.groovy': `def call(Map config) {\n  withEnv(["WHO=\${config.who}"]) { sh 'printf "%s\\\\n" "got: $WHO"' }\n  echo libraryResource('greeting.txt')\n}`,
      'resources/greeting.txt': 'from resources',
    });
    await controller.client.job.create('odd', scmXml(url, ['WHO']));
    const { result, log, number } = await controller.run('odd', { WHO: odd, UNDEFINED: 'dropped' });
    expect(result).toBe('SUCCESS');
    expect(log).toContain(
      `got: $(touch ${controller.root}/owned) 'single' "double" \`tick\`\nnext line \${HOME} ü`,
    );
    expect(log).toContain('from resources');
    expect(log).toMatch(/Finished: SUCCESS\n$/);
    expect(existsSync(join(controller.root, 'owned'))).toBeFalse();
    const { actions } = await controller.client.build.get('odd', number);
    expect(actions.flatMap(({ parameters }) => parameters ?? [])).toEqual([
      jasmine.objectContaining({ name: 'WHO', value: odd }),
    ]);
  }, 30_000);

  it('builds the commit and the clone that COMMIT and REPO name, and keeps what git ignores between builds', async () => {
    const script = stageOf("sh 'cat text; ls kept untracked 2>&1 || true; touch kept untracked'");
    const url = controller.repository('origin', { Jenkinsfile: script, text: 'one', '.gitignore': 'kept\n' });
    const other = controller.repository('other', {
      Jenkinsfile: script,
      text: 'two',
      '.gitignore': 'kept\n',
    });
    const first = controller.commit(other, { text: 'three' });
    controller.commit(other, { text: 'four' });
    await controller.client.job.create('commits', scmXml(url, ['COMMIT', 'REPO']));
    expect((await controller.run('commits', {})).log).toContain('\none');
    const { log } = await controller.run('commits', { COMMIT: first, REPO: other });
    expect(log).toContain('\nthree');
    expect(log).toMatch(/^(?:\[.*\] )?kept$/m);
    expect(log).not.toMatch(/^untracked$/m);
    expect((await controller.run('commits', { COMMIT: 'no-such; rm -rf' })).log).toContain(
      'ERROR: ‘no-such; rm -rf’ is not a commit’s hash',
    );
  }, 30_000);

  it('finds the commit by the refspec and the branch specifier that make a real Jenkins build exactly COMMIT', async () => {
    const script = stageOf('echo "built ${env.GIT_COMMIT}"');
    const url = controller.repository('specified', { Jenkinsfile: script });
    const first = controller.commit(url, { text: 'one' });
    const second = controller.commit(url, { text: 'two' });
    const refspec = '+refs/heads/${BRANCH}*:refs/coalmine/tip/${BRANCH}-0-g*';
    const xml = scmXml(url, ['COMMIT', 'BRANCH'])
      .replace('</url>', `</url><refspec>${refspec}</refspec>`)
      .replace('*/main', 'refs/coalmine/tip/${BRANCH}-0-g${COMMIT}');
    await controller.client.job.create('specified', xml);
    expect((await controller.run('specified', { BRANCH: 'main', COMMIT: first })).log).toContain(
      `built ${first}`,
    );
    expect((await controller.run('specified', { BRANCH: 'main' })).log).toContain(`built ${second}`);
  }, 30_000);

  it('refuses as Jenkins does: 403 without, 401 with wrong credentials, 404, 405, 400, foreign forms', async () => {
    const anonymous = await controller.anonymous('/api/json');
    expect(anonymous.status).toBe(403);
    expect(anonymous.header('x-you-are-authenticated-as')).toBe('anonymous');
    expect((await controller.fetch('/api/json', { headers: { authorization: 'Basic YTpi' } })).status).toBe(
      401,
    );
    expect((await controller.fetch('/job/none/api/json')).status).toBe(404);
    await controller.inline('plain', stageOf('echo "x"'));
    expect((await controller.fetch('/job/plain/build')).status).toBe(405);
    expect((await controller.fetch('/job/plain/buildWithParameters', { method: 'POST' })).status).toBe(400);
    const foreign = { method: 'POST', headers: { origin: 'http://evil.example' } };
    expect((await controller.fetch('/job/plain/build', foreign)).status).toBe(403);
    const started = await controller.fetch('/job/plain/build', { method: 'POST' });
    expect(started.status).toBe(201);
    expect(started.headers.get('location')).toMatch(/\/queue\/item\/\d+\/$/);
    expect(started.headers.get('x-jenkins')).toMatch(/^2\./);
  }, 30_000);

  it('names what is wrong with its settings or its port, and ends', async () => {
    const main = resolve(import.meta.dirname, '../src/main.js');
    const attempt = async (env: Record<string, string>): Promise<string> => {
      const child = spawn(process.execPath, [main, 'serve'], { env: { PATH: process.env.PATH, ...env } });
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const code = await new Promise((done) => child.once('exit', done));
      return `${String(code)} ${text}`;
    };
    expect(await attempt({ JENKINS_TOKEN: 'x' })).toMatch(
      /^1 .*COALMINE_JENKINS_HOME: not set\n[^]*JENKINS_TOKEN: must have/,
    );
    const port = new URL(controller.url).port;
    const settings = { COALMINE_JENKINS_HOME: controller.root, JENKINS_USER: 'a', JENKINS_TOKEN: '12345678' };
    expect(await attempt({ ...settings, COALMINE_JENKINS_PORT: port })).toContain(`port ${port} is in use`);
  }, 30_000);
});
