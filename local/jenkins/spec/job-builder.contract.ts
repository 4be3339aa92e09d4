import { execa } from 'execa';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, pause, token, user } from './controller.js';

/** Two jobs as people describe them to jenkins-job-builder: one from a repository, one inline. */
function definitions(url: string, description: string): string {
  return `- job:
    name: built from git
    description: ${description}
    project-type: pipeline
    concurrent: false
    sandbox: true
    pipeline-scm:
      scm:
        - git:
            url: ${url}
            branches: ['\${COMMIT}']
            wipe-workspace: false
      script-path: Jenkinsfile
    parameters:
      - string: {name: COMMIT, default: main}
      - bool: {name: DRY, default: true}
      - choice: {name: TARGET, choices: [none, prod]}
    properties:
      - build-discarder: {num-to-keep: 3}
- job:
    name: inline
    project-type: pipeline
    dsl: |
      pipeline {
        agent any
        stages { stage('Only') { steps { echo 'a < b && c' } } }
      }
`;
}

describe('jenkins-job-builder takes local/jenkins for Jenkins:', () => {
  const controller = new Controller();

  beforeAll(() => controller.start(), 30_000);
  afterAll(() => controller.remove());

  async function jobs(command: string, ...rest: string[]): Promise<string> {
    const settings = join(controller.root, 'jenkins_jobs.ini');
    writeFileSync(
      settings,
      `[job_builder]\nignore_cache=True\n[jenkins]\nurl=${controller.url}\nuser=${user}\npassword=${token}\n`,
    );
    const program = ['/usr/bin/jenkins-jobs', '--conf', settings, command, ...rest];
    const { stderr } = await execa('/usr/bin/python3', program);
    return stderr;
  }

  it('creates, updates, tests and deletes the jobs of a file', async () => {
    const url = controller.repository('origin', {
      Jenkinsfile:
        'pipeline {\n agent any\n stages {\n stage(\'Only\') {\n steps { echo "${params.TARGET} ${params.DRY} ${env.GIT_COMMIT}" }\n }\n }\n}\n',
    });
    const sha = controller.commit(url, { more: 'x' });
    const file = join(controller.root, 'jobs.yaml');
    writeFileSync(file, definitions(url, 'first'));
    expect(await jobs('update', file)).toContain('Number of jobs generated:  2');
    const { log, result } = await controller.run('built from git', { TARGET: 'prod', COMMIT: sha });
    expect(result).withContext(log).toBe('SUCCESS');
    expect(log).toContain(`prod true ${sha}`);
    expect((await controller.run('inline')).log).toContain('a < b && c');

    writeFileSync(file, definitions(url, 'second'));
    await jobs('update', '--delete-old', file);
    const { description } = await controller.json<{ description: string }>(
      '/job/built%20from%20git/api/json',
    );
    expect(description).toMatch(/^second<!-- Managed by Jenkins Job Builder -->$/);

    await jobs('delete', '--jobs-only', 'built from git', 'inline');
    await pause(50);
    expect((await controller.client.info()).jobs).toEqual([]);
  }, 60_000);
});
