import { execa } from 'execa';
import { resolve } from 'node:path';
import { Controller, password, user } from './controller.js';

const script = resolve(import.meta.dirname, '../../spec/python-client.py');

describe('python3-jenkins takes local/jenkins for Jenkins:', () => {
  const controller = new Controller();

  // One executor: the second build of a job has to wait.
  beforeAll(() => controller.start({ COALMINE_JENKINS_EXECUTORS: '1' }), 30_000);
  afterAll(() => controller.remove());

  it('jobs, builds, queue, reports, nodes, by password and crumb', async () => {
    // Debian's own Python has Debian's packages.
    const { stdout } = await execa('/usr/bin/python3', [script, controller.url, user, password]);
    const { console: log, ...said } = JSON.parse(stdout) as Record<string, unknown>;
    expect(log).toContain('hello ünd & co');
    expect(said).toEqual({
      version: jasmine.stringMatching(/^2\.\d+/),
      who: user,
      description: 'from Python',
      configured: true,
      result: 'UNSTABLE',
      artifacts: ['r.xml'],
      tests: 1,
      jobs: ['from python'],
      view: ['from python'],
      last: 'UNSTABLE',
      running: ['renamed'],
      queued: [['Waiting for next available executor', '\nWHO=second']],
      cancelled: true,
      stopped: 'ABORTED',
      disabled: 'disabled',
      enabled: true,
      builds: 0,
      gone: true,
      missing: 'job[renamed] does not exist',
      refused: jasmine.stringMatching(/authentication failed \[401\]/),
      plugins: true,
    });
  }, 60_000);
});
