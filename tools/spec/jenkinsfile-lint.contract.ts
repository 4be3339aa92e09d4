import { freePort } from '@coalmine/fleet/testbed.js';
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installation } from '../src/project.js';
import { Controller } from './controller.js';

const good =
  "pipeline {\n  agent any\n  stages {\n    stage('A') {\n      steps { echo 'x' }\n    }\n  }\n}\n";

describe('coalmine jenkinsfile lint', () => {
  let folder: string;
  let controller: Controller;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-lint-'));
    controller = new Controller(folder);
    await controller.start();
    await writeFile(join(folder, 'coalmine.yml'), 'app: { command: node server.js }\n');
  }, 30_000);
  afterAll(async () => {
    await controller.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function lint(
    text: string,
    environment: Record<string, string> = controller.environment,
  ): Promise<{ exitCode?: number; stdout: string; stderr: string }> {
    await writeFile(join(folder, 'Jenkinsfile'), text);
    return execa(
      process.execPath,
      [join(installation, 'tools/bin/coalmine.js'), 'jenkinsfile', 'lint', join(folder, 'Jenkinsfile')],
      { cwd: installation, env: { COALMINE_HOME: join(folder, 'home'), ...environment }, reject: false },
    );
  }

  it('ends with 0 for a file that Jenkins takes, and with 1 and all errors for another', async () => {
    expect(await lint(good)).toEqual(
      jasmine.objectContaining({ exitCode: 0, stdout: 'Jenkinsfile successfully validated.' }),
    );
    const bad = await lint(good.replace("echo 'x'", 'def y = 1').replace('  agent any\n', ''));
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toBe(
      [
        'Errors encountered validating Jenkinsfile:',
        'WorkflowScript: 1: Missing required section "agent" @ line 1, column 1.',
        '   pipeline {',
        '   ^',
        '',
        'WorkflowScript: 4: Expected a step @ line 4, column 15.',
        '         steps { def y = 1 }',
        '                 ^',
      ].join('\n'),
    );
  }, 30_000);

  it('says so when no Jenkins runs: that is no verdict', async () => {
    const away = { ...controller.environment, JENKINS_URL: `http://127.0.0.1:${await freePort()}` };
    const { exitCode, stderr, stdout } = await lint(good, away);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain('No Jenkins answers at');
    expect((await lint(good, { ...controller.environment, JENKINS_TOKEN: 'wrong-token' })).stderr).toContain(
      'refuses the credentials (401)',
    );
  }, 30_000);
});
