import { Controller, stageOf } from './controller.js';

const junit = `<?xml version="1.0"?><testsuites><testsuite name="s" time="0.1"><testcase classname="c" name="good" time="0.1"/>
<testcase classname="c" name="bad"><failure message="1 is not 2">at x.ts:3</failure></testcase></testsuite></testsuites>`;
const checkstyle = `<?xml version="1.0"?><checkstyle><file name="src/a.ts"><error line="4" severity="error" message="no &lt;x&gt;" source="eslint.rules.eqeqeq"/></file></checkstyle>`;

describe('local/jenkins pipelines', () => {
  const controller = new Controller();

  beforeAll(() => controller.start({ SPEC_PASSWORD: 'inherited-secret' }), 30_000);
  afterAll(() => controller.remove());

  it('fails at a failing sh, skips what follows, and runs post in the order of Jenkins, not of the text', async () => {
    await controller.inline(
      'failing',
      `pipeline {
  agent any
  stages {
    stage('Bad') {
      steps { sh 'exit 3' }
      post {
        failure { echo 'stage failure' }
      }
    }
    stage('Never') {
      steps { echo 'never' }
    }
  }
  post {
    cleanup { echo 'order: cleanup' }
    failure { echo 'order: failure' }
    unsuccessful { echo 'order: unsuccessful' }
    success { echo 'order: success' }
    changed { echo 'order: changed' }
    always { echo "order: always \${currentBuild.result}" }
  }
}`,
    );
    const { result, log, number } = await controller.run('failing');
    expect(result).toBe('FAILURE');
    const order = log.split('\n').filter((line) => line.startsWith('order: '));
    expect(order).toEqual([
      'order: always FAILURE',
      'order: changed',
      'order: unsuccessful',
      'order: failure',
      'order: cleanup',
    ]);
    expect(log).toContain('stage failure');
    expect(log).toContain('Stage "Never" skipped due to earlier failure(s)');
    expect(log).toContain('ERROR: script returned exit code 3\nFinished: FAILURE');
    const { stages } = await controller.json<{ stages: { name: string; status: string }[] }>(
      `/job/failing/${number}/wfapi/describe`,
    );
    expect(stages.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'Bad FAILED',
      'Never NOT_EXECUTED',
      'Declarative: Post Actions SUCCESS',
    ]);
  }, 30_000);

  it('publishes tests, findings and artifacts', async () => {
    await controller.inline(
      'reports',
      stageOf(`writeFile file: 'r/junit.xml', text: '''${junit}'''
writeFile file: 'r/checkstyle.xml', text: '''${checkstyle}'''
archiveArtifacts artifacts: 'r/*.xml'
recordIssues tools: [checkStyle(pattern: 'r/checkstyle.xml')]
junit 'r/junit.xml'`),
    );
    const { result, number } = await controller.run('reports');
    expect(result).toBe('UNSTABLE');
    const tests = await controller.json(`/job/reports/${number}/testReport/api/json`);
    expect(tests).toEqual(jasmine.objectContaining({ failCount: 1, passCount: 1 }));
    expect(JSON.stringify(tests)).toContain('1 is not 2');
    const found = await controller.json<{ issues: unknown[] }>(`/job/reports/${number}/checkstyle/api/json`);
    expect(found.issues).toEqual([
      {
        fileName: 'src/a.ts',
        lineStart: 4,
        lineEnd: 4,
        severity: 'ERROR',
        message: 'no <x>',
        type: 'eqeqeq',
      },
    ]);
    expect(await (await controller.fetch(`/job/reports/${number}/artifact/r/junit.xml`)).text()).toBe(junit);
    expect((await controller.fetch(`/job/reports/${number}/artifact/..%2fbuild.json`)).status).toBe(404);
  }, 30_000);

  it('masks credentials and inherited secrets in the log', async () => {
    const body = `<com.x.StringCredentialsImpl><id>deploy</id><secret>s3cret'value</secret></com.x.StringCredentialsImpl>`;
    const created = await controller.fetch('/credentials/store/system/domain/_/createCredentials', {
      method: 'POST',
      headers: { 'content-type': 'application/xml' },
      body,
    });
    expect(created.status).toBe(200);
    await controller.inline(
      'masked',
      stageOf(`withCredentials([string(credentialsId: 'deploy', variable: 'T')]) {
  sh 'echo "value $T"; printf %s "$T" | base64; test "$T" = "s3cret\\'value"; echo "$SPEC_PASSWORD"'
}`),
    );
    const { result, log } = await controller.run('masked');
    expect(result).withContext(log).toBe('SUCCESS');
    expect(log).toContain('Masking supported pattern matches of $T');
    expect(log).toContain('value ****');
    expect(log).not.toMatch(/s3cret|inherited-secret|czNjcmV0/);
  }, 30_000);

  it('refuses before anything runs what Declarative refuses', async () => {
    const script =
      "pipeline {\n  stages {\n    stage('A') {\n      steps {\n        def x = 1\n        sh(scrip: 'y')\n      }\n    }\n    stage('A') {\n    }\n  }\n}\n";
    await controller.inline('refused', script);
    const { result, log } = await controller.run('refused');
    expect(result).toBe('FAILURE');
    expect(log).toContain('WorkflowScript: 5: Expected a step @ line 5, column 9.');
    expect(log).not.toContain('[Pipeline] node');
  }, 30_000);
});
