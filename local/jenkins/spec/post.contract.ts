import { Controller, inlineXml, pipeline, type Finished } from './controller.js';

describe('Declarative Pipelines on local/jenkins,', () => {
  const controller = new Controller();

  beforeAll(() => controller.start(), 30_000);
  afterAll(() => controller.remove());

  async function build(name: string, script: string, parameters?: Record<string, string>): Promise<Finished> {
    if (await controller.client.job.exists(name)) await controller.client.job.config(name, inlineXml(script));
    else await controller.inline(name, script);
    return controller.run(name, parameters);
  }

  /** What the pipeline itself has said with `echo "> …"`, in order. */
  const said = (log: string): string[] => [...log.matchAll(/^> (.*)$/gm)].map(([, text]) => text ?? '');

  describe('post:', () => {
    const conditions = ['cleanup', 'failure', 'unstable', 'unsuccessful', 'success', 'aborted', 'regression'];
    const post = (extra = ''): string =>
      `post {\n${[...conditions, 'fixed', 'changed', 'always'].map((name) => `${name} { echo '> ${name}'${name === 'always' ? extra : ''} }`).join('\n')}\n}`;
    const doing = (steps: string, extra?: string): string =>
      pipeline(`stage('only') { steps { ${steps} } }`, '', post(extra));
    const cases: [rule: string, steps: string, expected: string[]][] = [
      ['a first good build has changed', "echo 'x'", ['always', 'changed', 'success', 'cleanup']],
      [
        'one that fails after a good one is a regression',
        "error 'x'",
        ['always', 'changed', 'regression', 'unsuccessful', 'failure', 'cleanup'],
      ],
      ['the same again has not changed', "error 'x'", ['always', 'unsuccessful', 'failure', 'cleanup']],
      [
        'better, but not good, has changed and is not fixed',
        "unstable 'x'",
        ['always', 'changed', 'unsuccessful', 'unstable', 'cleanup'],
      ],
      ['good after unstable is fixed', "echo 'x'", ['always', 'changed', 'fixed', 'success', 'cleanup']],
    ];
    for (const [rule, steps, expected] of cases) {
      it(
        rule,
        async () => {
          expect(said((await build('post', doing(steps))).log)).toEqual(expected);
        },
        30_000,
      );
    }

    it('an error in always makes it a failure: success is not run, failure is', async () => {
      const { log, result } = await build('post', doing("echo 'x'", "\nerror 'in post'"));
      expect(result).toBe('FAILURE');
      expect(log).toContain('Error when executing always post condition:');
      expect(said(log)).toEqual(['always', 'changed', 'regression', 'unsuccessful', 'failure', 'cleanup']);
    }, 30_000);

    it('of a stage sees that stage’s result; of a skipped stage it does not run', async () => {
      const stage = (name: string, steps: string): string =>
        `stage('${name}') { steps { ${steps} }\npost { unstable { echo '> ${name} unstable' }\nsuccess { echo '> ${name} success' }\nfailure { echo '> ${name} failure' } } }`;
      const { log } = await build(
        'stage post',
        pipeline(
          [
            stage('a', "echo 'x'"),
            stage('b', "unstable 'x'"),
            stage('c', "error 'x'"),
            stage('d', "echo 'x'"),
          ].join('\n'),
        ),
      );
      expect(said(log)).toEqual(['a success', 'b unstable', 'c failure']);
    }, 30_000);

    it('runs even if the agent’s environment fails, then without a node', async () => {
      const { log, result } = await build(
        'no environment',
        pipeline("stage('a') { steps { echo '> a' } }", "environment { X = credentials('none') }", post()),
      );
      expect(result).toBe('FAILURE');
      expect(log).toContain("Could not find credentials entry with ID 'none'");
      expect(said(log)).toEqual(['always', 'changed', 'unsuccessful', 'failure', 'cleanup']);
    }, 30_000);
  });
});
