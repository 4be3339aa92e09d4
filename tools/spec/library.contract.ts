import { cp, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git } from '../src/git.js';
import { Jenkins, type BuildParameters } from '../src/jenkins.js';
import { jobXml } from '../src/jenkins-job.js';
import { installation } from '../src/project.js';
import { Controller } from './controller.js';
import { stepCases } from './library-cases.js';

const twoLines =
  "@Library('coalmine') _\ncoalminePipeline timeout: 5, keep: 7, credentials: [SMTP_URL: 'smtp']\n";
const coalmine = '#!/bin/sh\necho "called: $*"\n[ "$1" != "${FAIL_AT:-}" ]\n';
const secret = 'smtp://a:b@c:2525';

/** All cases in one scripted pipeline: what each says stands between two marks. */
function allCases(): string {
  const runs = Object.entries(stepCases).flatMap(([name, cases]) =>
    cases.map(
      ({ call }, index) => `  echo '=== ${name} ${index}'
  try { ${call}; echo '=== went well' } catch (error) { echo "=== failed: \${error.message}" }\n`,
    ),
  );
  return `node {\n  checkout scm\n${runs.join('')}}\n`;
}

describe('The shared library, in real Groovy', () => {
  let folder: string;
  let controller: Controller;

  async function repository(
    name: string,
    jenkinsfile: string,
    more: Record<string, string> = {},
    ownLibrary = true,
  ): Promise<string> {
    const clone = join(folder, name);
    await git(folder, 'init', '--quiet', '--initial-branch=main', clone);
    if (ownLibrary) await cp(join(installation, 'vars'), join(clone, 'vars'), { recursive: true });
    await writeFile(join(clone, 'Jenkinsfile'), jenkinsfile);
    await mkdir(join(clone, 'build/reports'), { recursive: true });
    await writeFile(
      join(clone, 'build/reports/junit-a.xml'),
      '<testsuite name="a"><testcase name="b"/></testsuite>',
    );
    for (const [file, text] of Object.entries(more)) await writeFile(join(clone, file), text);
    await git(clone, 'add', '--all');
    await git(clone, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '--message', 'a');
    return clone;
  }

  async function run(
    repo: string,
    given: Partial<BuildParameters> = {},
    job = 'coalmine',
  ): Promise<{ log: string; result: string; calls: string[] }> {
    const jenkins = new Jenkins(controller.environment, job);
    const build = await jenkins.trigger({
      REPO: repo,
      COMMIT: '',
      BRANCH: 'main',
      TARGET: 'none',
      ACTION: 'build',
      ...given,
    });
    let log = '';
    const { result } = await jenkins.follow(build.number, (text) => (log += text));
    const calls = [...log.matchAll(/called: (.*)$/gm)].map(([, call]) => call ?? '');
    return { log, result, calls };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-library-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/coalmine'), coalmine);
    await chmod(join(folder, 'bin/coalmine'), 0o755);
    controller = new Controller(folder);
    await controller.start({
      PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`,
      COALMINE_JENKINS_LIBRARY: installation,
    });
    await new Jenkins(controller.environment, 'coalmine').ensureJob(folder);
    await addCredential(controller);
  }, 60_000);
  afterAll(async () => {
    await controller.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  describe('step by step', () => {
    let parts: Map<string, string>;
    beforeAll(async () => {
      const { log } = await run(await repository('steps', allCases()));
      const found = [...log.matchAll(/=== (\w+ \d+)\n([\s\S]*?=== (?:went well|failed: .*))/g)];
      parts = new Map(found.map(([, name = '', text = '']) => [name, text]));
    }, 60_000);

    for (const [name, cases] of Object.entries(stepCases)) {
      for (const [index, { call, asks, says, fails }] of cases.entries()) {
        it(`${call} → ${fails ? 'refused' : asks.map(String).join(', ') || 'asks nothing of coalmine'}`, () => {
          const text = parts.get(`${name} ${index}`) ?? 'it was not run at all';
          const calls = [...text.matchAll(/^called: (.*)$/gm)].map(([, asked]) => asked ?? '');
          expect(calls.length).withContext(text).toBe(asks.length);
          asks.forEach((ask, at) =>
            expect(calls[at] ?? '').toMatch(ask instanceof RegExp ? ask : exactly(ask)),
          );
          expect(text.includes('=== failed'))
            .withContext(text)
            .toBe(fails === true);
          if (says) expect(text).toContain(says);
          expect(text).not.toContain(secret);
        });
      }
    }
  });

  describe('coalminePipeline, a whole Jenkinsfile in two lines', () => {
    let repo: string;
    beforeAll(async () => {
      repo = await repository('shop', twoLines, {}, false); // another repository: no vars/ in it
    });

    it('tests, lints and packages with nothing but defaults, and publishes the reports', async () => {
      const { result, calls, log } = await run(repo);
      expect(result).withContext(log).toBe('SUCCESS');
      expect(calls.slice(0, 2).sort()).toEqual(['lint', 'specs']);
      expect(calls[2]).toMatch(/^package --commit [0-9a-f]{40}$/);
      expect(calls).toHaveSize(3);
      expect(log).toContain('Recording test results');
    });

    it('builds, and says what it leaves out, where junit and warnings-ng are not installed', async () => {
      const bare = await repository('bare', twoLines, {
        // What Jenkins throws for a step that it does not know.
        'vars/junit.groovy': missing('junit'),
        'vars/checkStyle.groovy': missing('checkStyle'),
      });
      const { result, log } = await run(bare);
      expect(result).withContext(log).toBe('SUCCESS');
      expect(log).toContain('The plugin junit is not installed: its report is not published');
      expect(log).toContain('The plugin warnings-ng is not installed: its report is not published');
    });

    it('takes the config.xml that a real Jenkins is given, too', async () => {
      const answer = await fetch(`${controller.environment.JENKINS_URL}/createItem?name=remote`, {
        method: 'POST',
        headers: { authorization: authorization(controller), 'content-type': 'application/xml' },
        body: jobXml(repo, 'remote'),
      });
      expect(answer.status).toBe(200);
      const commit = await git(repo, 'rev-parse', 'HEAD');
      const { result, calls } = await run('', { COMMIT: commit }, 'remote');
      expect(result).toBe('SUCCESS');
      expect(calls.at(-1)).toBe(`package --commit ${commit}`);
    });

    it('tells Jenkins its parameters, so that the form in the page has them all', async () => {
      const answer = await fetch(`${controller.environment.JENKINS_URL}/job/coalmine/api/json`, {
        headers: { authorization: authorization(controller) },
      });
      const { property } = (await answer.json()) as {
        property: { parameterDefinitions?: { name: string; defaultParameterValue: { value: string } }[] }[];
      };
      const known = property.flatMap(({ parameterDefinitions }) => parameterDefinitions ?? []);
      expect(
        Object.fromEntries(known.map((entry) => [entry.name, entry.defaultParameterValue.value])),
      ).toEqual({
        REPO: '',
        COMMIT: '',
        BRANCH: 'main',
        TARGET: 'none',
        ACTION: 'build',
        COUNT: '',
      });
    });

    it('deploys a green build where TARGET says, with the fleet’s secrets, masked', async () => {
      const { result, calls, log } = await run(repo, { TARGET: 'canary' });
      expect(result).toBe('SUCCESS');
      expect(calls.at(-1)).toMatch(/^deploy --target canary --commit [0-9a-f]{40}$/);
      expect(log).toContain('Masking supported pattern matches of $SMTP_URL');
    });

    it('rolls back, promotes and scales without a build', async () => {
      expect((await run(repo, { ACTION: 'rollback', TARGET: 'canary' })).calls).toEqual([
        'rollback --target canary',
      ]);
      expect((await run(repo, { ACTION: 'promote' })).calls).toEqual(['promote']);
      expect((await run(repo, { ACTION: 'scale', COUNT: '3' })).calls).toEqual(['scale 3']);
    });

    it('is red, and says so to people, when there is no number to scale to', async () => {
      const { result, calls, log } = await run(repo, { ACTION: 'scale' });
      expect(result).toBe('FAILURE');
      expect(log).toContain("scale: count is ''");
      expect(calls).toEqual(['notify --result FAILURE']);
    });
  });
});

function missing(step: string): string {
  return `def call(Map given) { throw new NoSuchMethodError("No such DSL method '${step}' found among steps [echo]") }\n`;
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}

function authorization({ environment }: Controller): string {
  const { JENKINS_USER, JENKINS_TOKEN } = environment;
  return `Basic ${Buffer.from(`${JENKINS_USER}:${JENKINS_TOKEN}`).toString('base64')}`;
}

/** A secret text, put into Jenkins' store as its own API takes it. */
async function addCredential(controller: Controller): Promise<void> {
  const type = 'org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl';
  const answer = await fetch(
    `${controller.environment.JENKINS_URL}/credentials/store/system/domain/_/createCredentials`,
    {
      method: 'POST',
      headers: { authorization: authorization(controller), 'content-type': 'application/xml' },
      body: `<${type}><scope>GLOBAL</scope><id>smtp</id><secret>${secret}</secret></${type}>`,
    },
  );
  if (!answer.ok) throw new Error(`the credential is refused: ${answer.status}`);
}
