import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Controller, scmXml } from './controller.js';

const repository = resolve(import.meta.dirname, '../../../..');
const vars = join(repository, 'vars');
const names = readdirSync(vars)
  .filter((name) => name.endsWith('.groovy'))
  .map((name) => name.replace('.groovy', ''));

describe('local/jenkins with the shared library', () => {
  const controller = new Controller();

  /** A clone-like repository with this Jenkinsfile and vars, and a `coalmine` that writes down how it is called. */
  function copyOfLibrary(): string {
    const files = Object.fromEntries(
      readdirSync(vars).map((name) => [`vars/${name}`, readFileSync(join(vars, name), 'utf8')]),
    );
    return controller.repository('library', {
      ...files,
      Jenkinsfile: readFileSync(join(repository, 'Jenkinsfile'), 'utf8'),
    });
  }

  beforeAll(async () => {
    const bin = controller.repository('bin', {
      coalmine: '#!/bin/sh\necho "called: $*"\n[ "$1" != "${FAIL_AT:-}" ]\n',
    });
    execFileSync('chmod', ['+x', join(bin, 'coalmine')]);
    await controller.start({ PATH: `${bin}:${process.env.PATH ?? ''}` });
    await controller.client.job.create(
      'coalmine',
      scmXml(copyOfLibrary(), ['REPO', 'COMMIT', 'BRANCH', 'TARGET', 'ACTION', 'COUNT']),
    );
    // Jenkins knows a Jenkinsfile's own parameters only after its first run.
    await controller.run('coalmine', { BRANCH: 'main', TARGET: 'none', ACTION: 'build' });
  }, 30_000);
  afterAll(() => controller.remove());

  function calls(log: string): string[] {
    return [...log.matchAll(/called: (.*)$/gm)].map(([, call]) => call ?? '');
  }

  it('has a .txt beside every var', () => {
    expect(names.filter((name) => !existsSync(join(vars, `${name}.txt`)))).toEqual([]);
  });

  it('passes the validator with this repository’s own Jenkinsfile', async () => {
    const jenkinsfile = readFileSync(join(repository, 'Jenkinsfile'), 'utf8');
    const answer = await controller.fetch('/pipeline-model-converter/validate', {
      method: 'POST',
      body: new URLSearchParams({ jenkinsfile }),
    });
    expect(await answer.text()).toBe('Jenkinsfile successfully validated.\n');
  }, 30_000);

  it('builds with nothing but defaults: test, lint, package, no deploy', async () => {
    const { result, log, number } = await controller.run('coalmine', {});
    expect(result).withContext(log).toBe('SUCCESS');
    // Test and Lint run side by side.
    expect(calls(log).slice(0, 2).sort()).toEqual(['lint', 'specs']);
    expect(calls(log).slice(2)).toEqual([
      jasmine.stringMatching(/^package --commit [0-9a-f]{40}$/),
    ] as unknown as string[]);
    const { displayName } = await controller.client.build.get('coalmine', number);
    expect(displayName).toMatch(/^#\d+ main [0-9a-f]{8}$/);
  }, 30_000);

  it('deploys what is built when TARGET says so, and only deploys with ACTION=deploy', async () => {
    const { log } = await controller.run('coalmine', { TARGET: 'canary' });
    expect(calls(log).at(-1)).toMatch(/^deploy --target canary --commit [0-9a-f]{40}$/);
    const deployed = await controller.run('coalmine', { ACTION: 'deploy', TARGET: 'prod' });
    expect(calls(deployed.log)).toEqual([
      jasmine.stringMatching(/^deploy --target prod --commit/),
    ] as unknown as string[]);
    const rolledBack = await controller.run('coalmine', { ACTION: 'rollback', TARGET: 'prod' });
    expect(calls(rolledBack.log)).toEqual(['rollback --target prod']);
    expect(calls((await controller.run('coalmine', { ACTION: 'promote' })).log)).toEqual(['promote']);
    const scaled = await controller.run('coalmine', { ACTION: 'scale', COUNT: '2' });
    expect(calls(scaled.log)).toEqual(['scale 2']);
  }, 30_000);
});
