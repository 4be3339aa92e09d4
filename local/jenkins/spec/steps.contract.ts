import { Controller, pause, stageOf } from './controller.js';

/** What each step promises, as a script that fails where the promise is not kept. */
const promises: Record<string, string> = {
  'sh returns standard output, untrimmed, when asked': `assert sh(script: 'printf "a\\\\nb"; echo err >&2', returnStdout: true) == 'a\\nb'`,
  'sh returns the exit code when asked': `assert sh(script: 'exit 7', returnStatus: true) == 7`,
  'sh runs another interpreter by #!': `assert sh(script: '#!/bin/bash\\narray=(1 2)\\necho \${#array[@]}', returnStdout: true).trim() == '2'`,
  'sh fails with its exit code': `try { sh 'exit 3'\nassert false } catch (error) { assert error.message == 'script returned exit code 3' }`,
  'dir, pwd, writeFile, readFile, fileExists and deleteDir': `dir('deep/er') { writeFile file: 'ä.txt', text: 'größe'\nassert readFile('ä.txt') == 'größe'\nassert fileExists('ä.txt') && !fileExists('none')\nassert pwd().endsWith('deep/er') }\ndir('deep') { deleteDir() }\nassert !fileExists('deep/er/ä.txt')`,
  'stash and unstash carry files, only those that match': `writeFile file: 's/a.txt', text: 'a'\nwriteFile file: 's/b.md', text: 'b'\nstash name: 'texts', includes: 's/*.txt'\nsh 'rm -r s'\nunstash 'texts'\nassert fileExists('s/a.txt') && !fileExists('s/b.md')`,
  'withEnv sets, extends PATH and ends with its block': `withEnv(['A=1', 'PATH+X=/opt/x']) { assert env.A == '1'\nassert sh(script: 'echo $PATH', returnStdout: true).startsWith('/opt/x:') }\nassert env.A == null`,
  'timeout ends a block, and can be caught': `try { timeout(time: 300, unit: 'MILLISECONDS') { sleep 60 }\nassert false } catch (error) { assert error.message.contains('Timeout') }`,
  'retry tries as often as it says': `int n = 0\nretry(3) { n++\nif (n < 3) error 'again' }\nassert n == 3`,
  'waitUntil repeats until it is true': `int n = 0\nwaitUntil(initialRecurrencePeriod: 10) { ++n == 3 }\nassert n == 3`,
  'sleep counts seconds, also inside a closure': `long since = System.currentTimeMillis()\n[1].each { sleep it }\nassert System.currentTimeMillis() - since >= 1000`,
  'catchError goes on': `catchError(buildResult: 'SUCCESS', stageResult: 'SUCCESS') { error 'x' }\nassert currentBuild.currentResult == 'SUCCESS'`,
  'parallel returns after all branches': `def found = []\nparallel a: { sleep 1\nfound << 'a' }, b: { found << 'b' }\nassert found == ['b', 'a']`,
  'readJSON and writeJSON': `writeJSON file: 'x.json', json: [a: [1, 2]]\nassert readJSON(file: 'x.json').a == [1, 2]`,
  'findFiles finds by Ant’s patterns': `writeFile file: 'f/g/x.log', text: ''\nassert findFiles(glob: '**/*.log')*.path == ['f/g/x.log']`,
  'archiveArtifacts fails where nothing matches, unless it may be empty': `archiveArtifacts artifacts: 'none/**', allowEmptyArchive: true\ntry { archiveArtifacts 'none/**'\nassert false } catch (error) { assert error.message.startsWith('No artifacts found') }`,
  'junit fails without a report, unless that is allowed': `junit testResults: 'none.xml', allowEmptyResults: true\ntry { junit 'none.xml'\nassert false } catch (error) { assert error.message == 'No test report files were found. Configuration error?' }`,
  'load runs a file and gives what it returns': `writeFile file: 'lib.groovy', text: 'def twice(x) { x * 2 }\\nreturn this'\nassert load('lib.groovy').twice(4) == 8`,
  'git checks out another repository': `dir('other') { git url: env.OTHER, branch: 'main'\nassert readFile('text') == 'from the other' }`,
  'checkout takes a repository and a branch': `dir('third') { checkout([$class: 'GitSCM', branches: [[name: '*/main']], userRemoteConfigs: [[url: env.OTHER]]])\nassert fileExists('text') }`,
  'currentBuild knows itself and the builds before': `assert currentBuild.number == 2\nassert currentBuild.previousBuild.getResult() == 'SUCCESS'\nassert currentBuild.getPreviousSuccessfulBuild()?.number == 1\nassert currentBuild.previousFailedBuild == null\nassert currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause')[0].userId == 'admin'`,
  'build runs another job with parameters and gives its build': `def other = build job: 'downstream', parameters: [string(name: 'WHO', value: 'up'), booleanParam(name: 'DRY', value: true)]\nassert other.result == 'SUCCESS' && other.description == 'up true'`,
  'build fails with the other job, unless told not to propagate': `def other = build job: 'downstream', parameters: [string(name: 'WHO', value: 'fail')], propagate: false\nassert other.result == 'FAILURE'\ntry { build job: 'downstream', parameters: [string(name: 'WHO', value: 'fail')]\nassert false } catch (error) { assert error.message.contains('completed with status FAILURE') }`,
  'build names a job that is not there': `try { build 'none'\nassert false } catch (error) { assert error.message == 'No item named none found' }`,
  'lock goes around a block': `lock('thing') { assert true }\nlock(resource: 'thing', variable: 'HELD') { assert env.HELD == 'thing' }`,
  'isUnix, tool and milestone are there': `assert isUnix()\ntool 'node'\nmilestone 1`,
  'a wrong parameter is named with its step': `try { sh scrip: 'x'\nassert false } catch (IllegalArgumentException error) { assert error.message.contains('scrip') }`,
  'without a node there is no sh in a library either': `assert env.NODE_NAME == 'built-in'`,
};

describe('local/jenkins steps:', () => {
  const controller = new Controller();
  let log = '';

  beforeAll(async () => {
    const other = controller.repository('other', { text: 'from the other' });
    await controller.start({ OTHER: other, COALMINE_JENKINS_EXECUTORS: '4' });
    await controller.inline(
      'downstream',
      "properties([parameters([string(name: 'WHO', defaultValue: 'nobody'), booleanParam(name: 'DRY')])])\nif (params.WHO == 'fail') error 'told to'\ncurrentBuild.description = \"${params.WHO} ${params.DRY}\"",
    );
    // Its own parameters are known after its first run, as on Jenkins.
    await controller.run('downstream');
    const script = Object.entries(promises).map(
      ([promise, steps]) =>
        `try { ({ ->\n${steps}\n})()\necho 'kept: ${promise}' } catch (Throwable error) { echo "broken: ${promise}: \${error}" }`,
    );
    await controller.inline('steps', 'echo "first"');
    await controller.run('steps');
    await controller.client.job.config(
      'steps',
      (await controller.client.job.config('steps'))
        .toString()
        .replace(/<script>.*<\/script>/s, `<script><![CDATA[node {\n${script.join('\n')}\n}]]></script>`),
    );
    ({ log } = await controller.run('steps'));
  }, 60_000);
  afterAll(() => controller.remove());

  for (const promise of Object.keys(promises)) {
    it(promise, () => {
      const broken = log.indexOf(`broken: ${promise}`);
      expect(log)
        .withContext(broken < 0 ? log.slice(-3000) : log.slice(broken, broken + 600))
        .toContain(`\nkept: ${promise}\n`);
    });
  }

  it('an unknown step fails the build with its name, its line, and the steps there are', async () => {
    await controller.inline('unknown', stageOf('frobnicate 3'));
    const unknown = await controller.run('unknown');
    expect(unknown.result).toBe('FAILURE');
    expect(unknown.log).toMatch(/No such DSL method 'frobnicate' found among steps \[.*\bsh, .*\]/);
    expect(unknown.log).toContain('(WorkflowScript:6)');
  }, 30_000);

  it('lock lets one build in at a time, also after the holder was killed', async () => {
    await controller.inline('locked', stageOf("lock('door') {\necho 'inside'\nsh 'sleep 120'\n}"));
    const first = await controller.trigger('locked');
    await controller.logContains('locked', first, '\ninside');
    const second = await controller.trigger('locked');
    await controller.logContains('locked', second, 'Trying to acquire lock on [Resource: door]');
    await pause(200);
    expect(await controller.client.build.log('locked', second)).not.toContain('inside');
    await controller.client.build.term('locked', first);
    await controller.logContains('locked', second, '\ninside');
    await controller.client.build.term('locked', second);
    await controller.follow('locked', second);
  }, 30_000);

  it('milestone ends the older build when a newer one is further', async () => {
    const script =
      "milestone 1\nif (env.BUILD_NUMBER == '1') { echo 'waits'\nsleep 120 }\nmilestone 2\necho 'through'";
    await controller.inline('overtaken', script);
    const older = await controller.trigger('overtaken');
    await controller.logContains('overtaken', older, '\nwaits');
    expect((await controller.run('overtaken')).result).toBe('SUCCESS');
    const ended = await controller.follow('overtaken', older);
    expect(ended.result).toBe('NOT_BUILT');
    expect(ended.log).toContain('Canceled since #2 got here');
  }, 30_000);
});
