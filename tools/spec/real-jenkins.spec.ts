import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildInfo } from 'jenkins';
import { parse } from 'yaml';
import { builtAndTested } from '../src/jenkins.js';
import { checkouts, jobXml } from '../src/jenkins-job.js';
import { installation } from '../src/project.js';

const read = (file: string): string => readFileSync(join(installation, file), 'utf8');
const yaml = (file: string): unknown => parse(read(file));

/** Name, default and description of every parameter, as a Jenkinsfile, a Job DSL script or a config.xml has them. */
const parametersOf = {
  jenkinsfile: (text: string): string[] =>
    [
      ...text.matchAll(
        /(?:string|choice)\(name: '(\w+)', (?:defaultValue: '(\w*)'|choices: \[(.*?)\]), description: '(.*)'\)$/gm,
      ),
    ].map(([, name, value, choices, description]) => `${name}|${value ?? choices}|${description}`),
  dsl: (text: string): string[] =>
    [...text.matchAll(/(?:string|choice)Param\('(\w+)', (?:'(\w*)'|\[(.*?)\]), '(.*)'\)$/gm)].map(
      ([, name, value, choices, description]) => `${name}|${value ?? choices}|${description}`,
    ),
  xml: (text: string): string[] =>
    [
      ...text.matchAll(
        /<name>(\w+)<\/name><description>(.*?)<\/description>(?:<defaultValue>(\w*)<|<choices.*?<a .*?>(.*?)<\/a>)/g,
      ),
    ].map(([, name, description, value, choices]) => {
      const list = [...(choices ?? '').matchAll(/<string>(\w+)</g)].map(([, choice]) => `'${choice}'`);
      return `${name}|${value ?? list.join(', ')}|${description?.replaceAll('’', "\\'")}`;
    }),
};

describe('What sets up a real Jenkins', () => {
  it('has the same parameters in Jenkinsfile, Job DSL and config.xml: Jenkins drops what only one of them knows', () => {
    const own = parametersOf.jenkinsfile(read('Jenkinsfile'));
    expect(own.length).toBe(6);
    expect(parametersOf.dsl(read('jenkins/job.groovy'))).toEqual(own);
    expect(parametersOf.xml(jobXml('https://example.com/shop.git', 'remote'))).toEqual(own);
  });

  it('checks out the same way in Job DSL as in config.xml', () => {
    const dsl = read('jenkins/job.groovy');
    expect(dsl).toContain(`refspec('${checkouts.remote.refspec}')`);
    expect(dsl).toContain(`branch('${checkouts.remote.branch}')`);
    const xml = jobXml('https://example.com/a&b.git', 'remote');
    expect(xml).toContain(`<name>${checkouts.remote.branch}</name>`);
    expect(xml).toContain(`<refspec>${checkouts.remote.refspec}</refspec>`);
    expect(xml).toContain('<url>https://example.com/a&amp;b.git</url>');
    expect(xml).toContain('<lightweight>false</lightweight>');
  });

  it('names plugins by ids, each once, and has those for every step of the library', () => {
    const ids = read('jenkins/plugins.txt')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ids.filter((id) => !/^[a-z][a-z0-9-]*(:[\w.-]+)?$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      jasmine.arrayContaining([
        'workflow-aggregator',
        'git',
        'credentials-binding',
        'junit',
        'warnings-ng',
        'timestamper',
        'configuration-as-code',
        'job-dsl',
      ]),
    );
  });

  it('has no secret in its configuration, only names of secrets that compose.yml hands over', () => {
    const text = read('jenkins/casc.yml');
    for (const [, value] of text.matchAll(/(?:password|secret|token): (.*)$/gim))
      expect(value).toMatch(/^\$\{\w+\}$/);
    const compose = yaml('jenkins/compose.yml') as {
      services: { jenkins: { secrets: string[]; environment: Record<string, string> } };
      secrets: Record<string, { file: string }>;
    };
    const { secrets, environment } = compose.services.jenkins;
    expect(Object.keys(compose.secrets)).toEqual(secrets);
    const given = [...secrets, ...Object.keys(environment)];
    const wanted = [...text.replaceAll(/^\s*#.*$/gm, '').matchAll(/\$\{(\w+)\}/g)].map(
      ([, name]) => name ?? '',
    );
    expect(wanted.filter((name) => !given.includes(name))).toEqual([]);
    expect(read('.gitignore')).toContain('jenkins/secrets/');
  });

  it('gives the library by the name that a Jenkinsfile asks for, and refuses strangers', () => {
    const casc = yaml('jenkins/casc.yml') as {
      jenkins: {
        authorizationStrategy: { loggedInUsersCanDoAnything: { allowAnonymousRead: boolean } };
        securityRealm: { local: { allowsSignup: boolean } };
      };
      unclassified: { globalLibraries: { libraries: { name: string; implicit: boolean }[] } };
    };
    expect(casc.unclassified.globalLibraries.libraries.map(({ name, implicit }) => [name, implicit])).toEqual(
      [['coalmine', true]],
    );
    expect(casc.jenkins.authorizationStrategy.loggedInUsersCanDoAnything.allowAnonymousRead).toBe(false);
    expect(casc.jenkins.securityRealm.local.allowsSignup).toBe(false);
  });

  it('is told by Ansible all that compose.yml asks for', () => {
    const asked = [...read('jenkins/compose.yml').matchAll(/\$\{(\w+)[:}]/g)].map(([, name]) => name ?? '');
    const told = [...read('ansible/roles/jenkins/templates/env.j2').matchAll(/^(\w+)=/gm)].map(
      ([, name]) => name,
    );
    expect(told.sort()).toEqual([...new Set(asked)].sort());
  });
});

describe('A green build', () => {
  const commit = 'a'.repeat(40);
  const other = 'b'.repeat(40);
  const build = (asked: string, checkedOut: string[], action = 'build'): BuildInfo => ({
    number: 1,
    url: '',
    building: false,
    result: 'SUCCESS',
    duration: 1,
    estimatedDuration: 1,
    timestamp: 1,
    actions: [
      {
        parameters: [
          { name: 'COMMIT', value: asked },
          { name: 'ACTION', value: action },
        ],
      },
      ...checkedOut.map((SHA1) => ({ lastBuiltRevision: { SHA1 } })),
      {},
    ],
  });

  it('is one that was asked for the commit and checked it out, whatever library it loaded', () => {
    expect(builtAndTested(build(commit, [commit]), commit)).toBe(true);
    expect(builtAndTested(build(commit, [other, commit]), commit)).toBe(true);
    expect(builtAndTested(build(commit.slice(0, 10), [commit]), commit)).toBe(true);
  });

  it('is not one that was asked for the commit but built the tip of the branch', () => {
    expect(builtAndTested(build(commit, [other]), commit)).toBe(false);
  });

  it('is one of the branch’s tip, started from the page, if it checked out nothing else', () => {
    expect(builtAndTested(build('', [commit]), commit)).toBe(true);
    expect(builtAndTested(build('', [other]), commit)).toBe(false);
    expect(builtAndTested(build('', [commit, other]), commit)).toBe(false);
    expect(builtAndTested(build('', []), commit)).toBe(false);
  });

  it('is not a deploy, nor a build of a commit whose name only begins alike', () => {
    expect(builtAndTested(build(commit, [commit], 'deploy'), commit)).toBe(false);
    expect(builtAndTested(build('aaa', [commit]), commit)).toBe(false);
  });
});
