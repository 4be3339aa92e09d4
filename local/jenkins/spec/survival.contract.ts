import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, inlineXml, pause, stageOf } from './controller.js';

/** Waits until a process with these words runs, or none does. */
async function settles(pattern: string, runs: boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && (running(pattern) !== '') !== runs; attempt += 1) await pause(50);
  expect(running(pattern) !== '')
    .withContext(pattern)
    .toBe(runs);
}

function running(pattern: string): string {
  try {
    return execFileSync('pgrep', ['-f', pattern], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

describe('local/jenkins survives', () => {
  const controller = new Controller();

  beforeAll(() => controller.start({ SPEC_PASSWORD: 'inherited-secret' }), 30_000);
  afterAll(() => controller.remove());

  it('ends the whole process tree at a stop, and still runs post', async () => {
    await controller.inline(
      'endless',
      `${stageOf("sh 'sleep 987123 & sleep 987124; echo after'").replace(/\}\n$/, '')}  post {\n aborted { sh 'echo cleaned up' }\n }\n}`,
    );
    const number = await controller.trigger('endless');
    await settles('sleep 987123', true);
    await settles('sleep 987124', true);
    const since = Date.now();
    await controller.client.build.stop('endless', number);
    const { result, log } = await controller.follow('endless', number);
    expect(result).toBe('ABORTED');
    // SIGKILL would come after 20 s: it ended by SIGTERM.
    expect(Date.now() - since).toBeLessThan(10_000);
    expect(log).toContain('Aborted by admin');
    expect(log).toContain('cleaned up');
    expect(log).not.toContain('\nafter');
    expect(running('sleep 98712[34]')).toBe('');
  }, 30_000);

  it('ends a hung sh at the timeout', async () => {
    await controller.inline('hung', stageOf("timeout(time: 1, unit: 'SECONDS') {\n sh 'sleep 987125'\n }"));
    const { result, log } = await controller.run('hung');
    expect(result).toBe('ABORTED');
    expect(log).toContain('Cancelling nested steps due to timeout');
    expect(running('sleep 987125')).toBe('');
  }, 30_000);

  it('a kill -9 of itself: the build is shown as aborted, no process is left, and the queue goes on', async () => {
    const script = (steps: string): string =>
      `properties([disableConcurrentBuilds(), parameters([string(name: 'N', defaultValue: '0')])])\nif (params.N == 'slow') node { ${steps} }`;
    await controller.inline('killed', script("sh 'sleep 987126'"));
    await controller.run('killed');
    const number = await controller.trigger('killed', { N: 'slow' });
    await controller.logContains('killed', number, '+ sleep 987126');
    const waiting = await controller.client.job.build({ name: 'killed', parameters: { N: 'quick' } });
    await controller.stop('SIGKILL');
    await settles('sleep 987126', false);
    await controller.start({ SPEC_PASSWORD: 'inherited-secret' });
    const build = await controller.client.build.get('killed', number);
    expect([build.result, build.building]).toEqual(['ABORTED', false]);
    const { executable } = await controller.client.queue.item(waiting);
    expect(executable?.number).toBe(number + 1);
    expect((await controller.follow('killed', number + 1)).result).toBe('SUCCESS');
  }, 30_000);

  it('a build that floods its log, with lines and with a line that never ends: flat memory, and secrets stay masked', async () => {
    const flood = join(controller.root, 'flood.sh');
    const long = (size: number): string => `head -c ${size} /dev/zero | tr '\\0' y`;
    writeFileSync(
      flood,
      `yes ${'x'.repeat(90)} | head -n 100000\n${long(8_000_000)}\nprintf '%s' "$SPEC_PASSWORD"\n${long(65_530)}\nprintf '%s' "$SPEC_PASSWORD"\n${long(2_000_000)}\necho\n`,
    );
    await controller.inline('flood', stageOf(`sh '. ${flood}'`));
    const number = await controller.trigger('flood');
    let build = await controller.client.build.get('flood', number);
    for (; build.building; build = await controller.client.build.get('flood', number)) await pause(100);
    expect(build.result).toBe('SUCCESS');
    expect(controller.peakMemory()).toBeLessThan(350);
    const log = join(controller.home, 'jobs/flood/builds', String(number), 'log');
    expect(statSync(log).size).toBeGreaterThan(18_000_000);
    const masked = execFileSync(
      'sh',
      ['-c', 'grep -o "[*]\\{4\\}" "$0" | wc -l; grep -c inherited "$0" || true', log],
      {
        encoding: 'utf8',
      },
    );
    // Twice by sh -x, twice in the flood.
    expect(masked).toBe('4\n0\n');
  }, 60_000);

  it('a job name with spaces and unicode, in paths, variables and pages', async () => {
    const name = 'Größe & "Maß" 日本 – 1';
    expect(
      (await controller.fetch(`/createItem?name=${encodeURIComponent(name)}`, { method: 'POST' })).status,
    ).toBe(400);
    const plain = 'Größe mal „Maß“ 日本 – 1';
    await controller.client.job.create(
      plain,
      inlineXml(
        stageOf(
          `sh 'echo "in $(pwd) $JOB_NAME"'\nwriteFile file: 'ü.txt', text: 'x'\narchiveArtifacts 'ü.txt'`,
        ),
      ),
    );
    const { result, log, number } = await controller.run(plain);
    expect(result).withContext(log).toBe('SUCCESS');
    expect(log).toContain(`in ${controller.home}/jobs/${plain}/workspace ${plain}`);
    const path = `/job/${encodeURIComponent(plain)}/${number}/`;
    expect(await (await controller.fetch(`${path}artifact/${encodeURIComponent('ü.txt')}`)).text()).toBe('x');
    expect(await (await controller.fetch(path)).text()).toContain(plain);
  }, 30_000);

  it('builds twenty at once, as many at a time as there are executors, each quickly', async () => {
    await controller.inline(
      'many',
      stageOf("sh 'echo build $BUILD_NUMBER'").replace(
        'agent any',
        "agent any\n  parameters {\n string(name: 'N', defaultValue: '0', description: '')\n }",
      ),
    );
    await controller.run('many');
    const numbers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => controller.trigger('many', { N: `n${n}` })),
    );
    const results = await Promise.all(
      numbers.map(async (number) => (await controller.follow('many', number)).result),
    );
    expect(new Set(numbers).size).toBe(20);
    expect(results.filter((result) => result === 'SUCCESS').length).toBe(20);
  }, 30_000);
});
