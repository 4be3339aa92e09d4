import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installation } from '../src/project.js';

const run = promisify(execFile);
const fixtures = join(installation, 'tools/spec/groovy');

interface LintResult {
  filePath: string;
  messages: { ruleId: string; line: number; message: string }[];
}
type Lint = (files: string[]) => Promise<LintResult[]>;

/** `line rule` of every line that ends with `// expect: rule`. */
function expected(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const rule = /\/\/ expect: (\S+)$/.exec(line)?.[1];
      return rule ? [`${index + 1} groovy/${rule}`] : [];
    });
}

describe('The lint of pipeline Groovy', () => {
  let results: Map<string, LintResult>;

  beforeAll(async () => {
    const { lintGroovy } = (await import(join(installation, 'tools/groovy/lint.mjs'))) as {
      lintGroovy: Lint;
    };
    const files = readdirSync(fixtures).map((name) => join(fixtures, name));
    results = new Map((await lintGroovy(files)).map((result) => [result.filePath, result]));
  });

  for (const name of readdirSync(fixtures)) {
    const file = join(fixtures, name);
    it(`says of ${name} exactly what stands there: ${expected(file).length} findings`, () => {
      const found = results.get(file)?.messages.map(({ line, ruleId }) => `${line} ${ruleId}`) ?? [
        'no result',
      ];
      expect([...new Set(found)]).toEqual(expected(file));
    });
  }

  it('has a fixture for every one of its rules', () => {
    const lint = readFileSync(join(installation, 'tools/groovy/lint.groovy'), 'utf8');
    const rules = [...lint.matchAll(/report\('([\w-]+)'|rule: '([\w-]+)'/g)].map(([, a, b]) => a ?? b);
    const covered = readdirSync(fixtures).flatMap((name) => expected(join(fixtures, name)));
    expect([...new Set(rules)].filter((rule) => !covered.some((line) => line.endsWith(`/${rule}`)))).toEqual(
      [],
    );
  });

  it('breaks, and does not pass, when a file cannot be read', async () => {
    const { lintGroovy } = (await import(join(installation, 'tools/groovy/lint.mjs'))) as {
      lintGroovy: Lint;
    };
    await expectAsync(lintGroovy(['/nonexistent/vars/a.groovy'])).toBeRejectedWithError(/a\.groovy/);
  });
});

describe('Jenkins’ validator, as local/jenkins has it', () => {
  let folder: string;
  const lint = (file: string) =>
    run(process.execPath, [join(installation, 'local/jenkins/dist/src/main.js'), 'lint', file]).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coalmine-validate-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('takes this repository’s Jenkinsfile, and the pipeline of coalminePipeline', async () => {
    expect(await lint(join(installation, 'Jenkinsfile'))).toContain('successfully validated');
    const library = readFileSync(join(installation, 'vars/coalminePipeline.groovy'), 'utf8');
    const pipeline = /^ {2}pipeline \{\n[\s\S]*?\n {2}\}$/m.exec(library)?.[0] ?? '';
    writeFileSync(join(folder, 'pipeline'), pipeline);
    expect(await lint(join(folder, 'pipeline'))).toContain('successfully validated');
    writeFileSync(join(folder, 'broken'), pipeline.replace('agent {', 'agents {'));
    expect(await lint(join(folder, 'broken'))).toContain('Undefined section "agents"');
  });
});

describe('The check under Jenkins’ own CPS', () => {
  const check = (environment: Record<string, string>) =>
    run(process.execPath, [join(installation, 'tools/groovy/cps.mjs')], {
      env: { ...process.env, JENKINS_PLUGIN_DIR: '', ...environment },
    });

  it('says that it checked nothing where there are no plugins', async () => {
    expect((await check({})).stdout).toContain('SKIPPED: set JENKINS_PLUGIN_DIR');
  });

  it('does not pass with a folder that has not got the plugin', async () => {
    await expectAsync(check({ JENKINS_PLUGIN_DIR: tmpdir() })).toBeRejectedWithError(
      /has no workflow-cps plugin/,
    );
  });
});

describe('coalminePipeline', () => {
  it('has the stages, the parameters and the post conditions of this repository’s own Jenkinsfile', () => {
    const own = readFileSync(join(installation, 'Jenkinsfile'), 'utf8');
    const library = readFileSync(join(installation, 'vars/coalminePipeline.groovy'), 'utf8');
    const shape = (text: string): string[] =>
      [
        ...text.matchAll(
          /stage\('\w+'\)|(?:string|choice)\(name: '\w+'|when \{.*\}|^ +(?:always|unsuccessful|fixed) \{|(?<=^ +)notify .*$/gm,
        ),
      ].map(([part]) => part.trim());
    expect(shape(own).length).toBeGreaterThan(15);
    expect(shape(library)).toEqual(shape(own));
  });
});
