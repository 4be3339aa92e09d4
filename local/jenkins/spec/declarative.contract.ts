import { execFileSync } from 'node:child_process';
import { Controller, inlineXml, pipeline, scmXml, type Finished } from './controller.js';

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

  describe('parallel and matrix:', () => {
    it('all branches end, then the worst result holds', async () => {
      const { log, result } = await build(
        'branches',
        pipeline(
          "stage('p') { parallel {\nstage('a') { steps { error 'a fails' } }\nstage('b') { steps { sleep 1\necho '> b' } }\nstage('c') { steps { unstable 'c' } }\n} }\nstage('after') { steps { echo '> after' } }",
        ),
      );
      expect([result, ...said(log)]).toEqual(['FAILURE', 'b']);
      expect(log).toContain('Failed in branch a');
    }, 30_000);

    it('failFast ends the other branches, and their post sees them aborted', async () => {
      const { log, result } = await build(
        'fail fast',
        pipeline(
          "stage('p') { failFast true\nparallel {\nstage('a') { steps { sleep 1\nerror 'a fails' } }\nstage('b') { steps { sh 'sleep 300'\necho '> b' }\npost { aborted { echo '> b aborted' } } }\n} }",
        ),
      );
      expect([result, ...said(log)]).toEqual(['FAILURE', 'b aborted']);
    }, 30_000);

    it('a matrix has a cell for each combination that is not excluded, with its axes in the environment', async () => {
      const axes =
        "axes { axis { name 'OS'\nvalues 'linux', 'bsd', 'mac' }\naxis { name 'NODE'\nvalues '20', '22' } }";
      const excludes =
        "excludes { exclude { axis { name 'OS'\nvalues 'bsd' }\naxis { name 'NODE'\nvalues '22' } }\nexclude { axis { name 'OS'\nnotValues 'linux', 'bsd' } } }";
      const { log, number } = await build(
        'matrix',
        pipeline(
          `stage('m') { matrix {\n${axes}\n${excludes}\nwhen { expression { env.OS != 'none' } }\nstages {\nstage('one') { steps { echo "> \${OS} \${env.NODE}" } }\nstage('two') { steps { sh 'echo "> two $OS"' } }\n}\npost { always { echo "> post \${OS} \${NODE}" } } } }`,
        ),
      );
      expect(said(log).sort()).toEqual(
        [
          ...['linux 20', 'linux 22', 'bsd 20', 'post linux 20', 'post linux 22', 'post bsd 20'],
          ...['two linux', 'two linux', 'two bsd'],
        ].sort(),
      );
      const { stages } = await controller.json<{ stages: { name: string }[] }>(
        `/job/matrix/${number}/wfapi/describe`,
      );
      expect(stages.map(({ name }) => name)).toContain("Matrix - OS = 'linux', NODE = '22'");
    }, 30_000);
  });

  describe('environment:', () => {
    const store = async (xml: string): Promise<void> => {
      const headers = { 'content-type': 'application/xml' };
      const path = '/credentials/store/system/domain/_/createCredentials';
      expect((await controller.fetch(path, { method: 'POST', headers, body: xml })).status).toBe(200);
    };

    it('credentials() binds texts, user and password, files and keys, and masks them all', async () => {
      await store(
        '<x.StringCredentialsImpl><id>text</id><secret>the-text</secret></x.StringCredentialsImpl>',
      );
      await store(
        '<x.UsernamePasswordCredentialsImpl><id>login</id><username>me</username><password>the-password</password></x.UsernamePasswordCredentialsImpl>',
      );
      await store(
        `<x.FileCredentialsImpl><id>file</id><fileName>a.json</fileName><secretBytes>${Buffer.from('the-content').toString('base64')}</secretBytes></x.FileCredentialsImpl>`,
      );
      await store(
        '<x.BasicSSHUserPrivateKey><id>key</id><username>git</username><passphrase>the-phrase</passphrase><privateKeySource class="x$DirectEntryPrivateKeySource"><privateKey>the-key-line</privateKey></privateKeySource></x.BasicSSHUserPrivateKey>',
      );
      const { log, result } = await build(
        'secrets',
        pipeline(
          `stage('a') { steps { sh 'test "$T" = the-text; test "$L_USR/$L_PSW" = me/the-password; test "$L" = me:the-password; test "$(cat $F)" = the-content; test "$(cat $K)" = the-key-line; test "$K_USR/$K_PSW" = git/the-phrase; stat -c "> %a" "$K"; echo "> $T $L_PSW"; cat "$F"' } }`,
          "environment { T = credentials('text')\nL = credentials('login')\nF = credentials('file')\nK = credentials('key') }",
        ),
      );
      expect(result).withContext(log).toBe('SUCCESS');
      expect(said(log)).toEqual(['600', '**** ****']);
      expect(log).not.toMatch(/^the-content/m);
      expect(execFileSync('find', [controller.root, '-name', '*ssh-key-*'], { encoding: 'utf8' })).toBe('');
    }, 30_000);

    it('values may refer to each other in any order; a stage’s win over the pipeline’s, and both over env.X = …', async () => {
      const { log } = await build(
        'variables',
        pipeline(
          `stage('a') { environment { OWN = "own \${A}"\nB = 'stage' }\nsteps { script { env.A = 'assigned'\nenv.NEW = 'new' }\necho "> \${A} | \${B} | \${OWN} | \${NEW}" } }\nstage('b') { steps { echo "> \${B} \${env.NEW} \${env.OWN}" } }`,
          `environment { A = "\${B} a"\nB = 'pipeline' }`,
        ),
      );
      expect(said(log)).toEqual(['pipeline a | stage | own pipeline a | new', 'pipeline new null']);
    }, 30_000);

    it('parameters are typed in params and texts in env, also in the very first build', async () => {
      const { log } = await build(
        'parameters',
        pipeline(
          `stage('a') { steps { echo "> \${params.N} \${params.YES instanceof Boolean} \${params.C}"\nsh 'echo "> $N $YES"' } }`,
          "parameters { string(name: 'N', defaultValue: 'n')\nbooleanParam(name: 'YES', defaultValue: true)\nchoice(name: 'C', choices: ['x', 'y']) }",
        ),
      );
      expect(said(log)).toEqual(['n true x', 'n true']);
    }, 30_000);
  });

  describe('options:', () => {
    it('retry runs a stage again, timeout ends it, and a caught timeout is no end of the build', async () => {
      const { log, result } = await build(
        'wrappers',
        pipeline(
          "stage('a') { options { retry(3) }\nsteps { script { env.TRY = (env.TRY ?: '') + 'x'\nif (env.TRY != 'xxx') error 'again' }\necho \"> ${env.TRY}\" } }\nstage('b') { steps { catchError(buildResult: 'UNSTABLE', stageResult: 'ABORTED') { timeout(time: 1, unit: 'SECONDS') { sleep 300 } }\necho '> after' } }\nstage('c') { options { timeout(time: 1, unit: 'SECONDS') }\nsteps { sh 'sleep 300' } }\nstage('d') { steps { echo '> never' } }",
        ),
      );
      expect([result, ...said(log)]).toEqual(['ABORTED', 'xxx', 'after']);
      expect(log).toContain('Timeout has been exceeded');
    }, 30_000);

    it('skipStagesAfterUnstable skips what follows an unstable stage', async () => {
      const { log, result } = await build(
        'skip',
        pipeline(
          "stage('a') { steps { unstable 'x' } }\nstage('b') { steps { echo '> b' } }",
          'options { skipStagesAfterUnstable() }',
        ),
      );
      expect([result, ...said(log)]).toEqual(['UNSTABLE']);
      expect(log).toContain('Stage "b" skipped due to earlier stage(s) marking the build as unstable');
    }, 30_000);

    it('skipDefaultCheckout checks nothing out, checkoutToSubdirectory into a folder', async () => {
      const files = (option: string): Record<string, string> => ({
        Jenkinsfile: pipeline("stage('a') { steps { sh 'echo \"> $(ls)\"' } }", `options { ${option} }`),
        here: 'x',
      });
      const url = controller.repository('checkouts', files('skipDefaultCheckout()'));
      await controller.client.job.create('checkouts', scmXml(url, []));
      expect(said((await controller.run('checkouts')).log)).toEqual(['']);
      controller.commit(url, files("checkoutToSubdirectory('sub')"));
      expect(said((await controller.run('checkouts')).log)).toEqual(['sub']);
    }, 30_000);

    it('buildDiscarder keeps as many builds as it says', async () => {
      const script = pipeline(
        "stage('a') { steps { echo 'x' } }",
        "options { buildDiscarder(logRotator(numToKeepStr: '1')) }",
      );
      await build('few', script);
      await build('few', script);
      const { builds } = await controller.json<{ builds: { number: number }[] }>('/job/few/api/json');
      expect(builds.map(({ number }) => number)).toEqual([2]);
    }, 30_000);
  });

  it('input: waits for people, and its parameters are in the stage’s environment', async () => {
    await controller.inline(
      'ask',
      pipeline(
        "stage('a') { input { message 'Release?'\nid 'go'\nok 'Yes'\nsubmitterParameter 'WHO'\nparameters { string(name: 'WHERE', defaultValue: 'here')\nchoice(name: 'HOW', choices: ['fast', 'slow']) } }\nsteps { echo \"> ${WHERE} ${HOW} ${WHO}\" } }",
      ),
    );
    const number = await controller.trigger('ask');
    await controller.logContains('ask', number, 'Yes or Abort');
    const pending = await controller.json<{ id: string; message: string; proceedText: string }[]>(
      `/job/ask/${number}/wfapi/pendingInputActions`,
    );
    expect(pending.map(({ id, message, proceedText }) => [id, message, proceedText])).toEqual([
      ['Go', 'Release?', 'Yes'],
    ]);
    const body = new URLSearchParams({
      proceed: 'Yes',
      json: JSON.stringify({ parameter: [{ name: 'WHERE', value: 'there' }] }),
    });
    await controller.fetch(`/job/ask/${number}/input/Go/submit`, { method: 'POST', body });
    const { log } = await controller.follow('ask', number);
    expect(said(log)).toEqual(['there fast admin']);

    const other = await controller.trigger('ask');
    await controller.logContains('ask', other, 'Yes or Abort');
    await controller.fetch(`/job/ask/${other}/input/Go/abort`, { method: 'POST' });
    const rejected = await controller.follow('ask', other);
    expect(rejected.result).toBe('ABORTED');
    expect(rejected.log).toContain('Rejected by admin');
  }, 30_000);

  it('agent none: a step that needs a node says so', async () => {
    const { log, result } = await build(
      'nowhere',
      pipeline("stage('a') { steps { sh 'true' } }").replace('agent any', 'agent none'),
    );
    expect(result).toBe('FAILURE');
    expect(log).toContain(
      'Attempted to execute a step that requires a node context while ‘agent none’ was specified.',
    );
  }, 30_000);
});
