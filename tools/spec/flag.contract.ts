import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import { execa } from 'execa';
import { installation } from '../src/project.js';

const token = 'the-editors-token';

describe('coalmine flag, against the real service', () => {
  let redis: TestRedis;
  let service: TestService;
  let folder: string;
  const run = (...parameters: string[]) =>
    execa(process.execPath, [join(installation, 'tools/bin/coalmine.js'), 'flag', ...parameters], {
      cwd: folder,
      env: { COALMINE_FLAGS_URL: service.url, COALMINE_FLAGS_TOKEN: token },
      reject: false,
    });
  const json = async (...parameters: string[]): Promise<unknown> =>
    JSON.parse((await run(...parameters, '--json')).stdout);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-flag-'));
    redis = await TestRedis.start();
    const hash = createHash('sha256').update(token).digest('hex');
    service = await TestService.start(join(installation, 'feature-flag/dist/src/main.js'), {
      REDIS_URL: redis.url,
      FLAGS_TOKENS: `editor:${hash}:ci`,
      FLAGS_OPERATORS: '10.9.8.0/24',
    });
    await soon(async () => (await (await fetch(`${service.url}/healthz`)).text()).includes('"redis":true'));
  });

  afterAll(async () => {
    await service.stop();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('makes, shows, evaluates, toggles and kills', async () => {
    const made = await run(
      'set',
      'search',
      '--owner',
      'ann',
      '--rollout',
      '100',
      '--reason',
      '100 % für alle',
    );
    expect([made.exitCode, made.stderr]).toEqual([0, '']);
    expect((await run('get', 'search', '--user', 'bob')).stdout).toBe(
      'search: true, variant on (TARGETING_MATCH)',
    );
    expect(await json('set', 'search', '--kill')).toEqual(jasmine.objectContaining({ value: false }));
    expect((await run('list')).stdout).toMatch(/search +false +ann +killed, targeted/);
    const [killed, rolled] = (await json('history', 'search')) as { id: string; who: string; why?: string }[];
    expect(rolled?.why).toBe('100 % für alle');
    expect(rolled?.who).toContain('(ci)');
    expect((await run('history', 'search')).stdout).toContain('/metadata/killed: – → true');
    expect((await run('history', 'search', '--undo', killed?.id ?? '')).exitCode).toBe(0);
    expect(await json('get', 'search', '--user', 'bob')).toEqual(jasmine.objectContaining({ value: true }));
    expect((await run('toggle', 'tokens')).stdout).toMatch(/tokens +false/);
  });

  it('takes a file as a whole or not at all, and says where it is wrong', async () => {
    const file = join(folder, 'flags.json');
    expect((await run('export', file)).exitCode).toBe(0);
    const all = JSON.parse(await readFile(file, 'utf8')) as { flags: Record<string, object> };
    expect(Object.keys(all.flags)).toEqual(['search', 'tokens']);
    await writeFile(
      file,
      JSON.stringify({ flags: { ...all.flags, bad: { ...all.flags.search, state: 'ON' } } }),
    );
    const refused = await run('import', file);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('/flags/bad/state: must be one of ENABLED, DISABLED');
    await writeFile(file, JSON.stringify({ flags: { ...all.flags, good: all.flags.tokens } }));
    expect((await run('import', file)).stdout).toBe('3 flags set.');
    expect((await run('import', 'nowhere.json')).stderr).toContain('nowhere.json cannot be read as JSON');
    expect((await run('set', 'good', '--delete')).exitCode).toBe(0);
    expect((await run('get', 'good')).stderr).toContain('No flag is called good');
  });

  it('finds where the code asks for a flag', async () => {
    await execa('git', ['init', '-q'], { cwd: folder });
    await writeFile(join(folder, 'coalmine.yml'), await readFile(join(installation, 'coalmine.yml')));
    await writeFile(join(folder, 'app.ts'), `\nif (await flags.getBooleanValue("search", false)) find();\n`);
    const found = await run('usages', '--json');
    expect(found.exitCode).toBe(1);
    const { usages, unused } = JSON.parse(found.stdout) as { usages: object[]; unused: string[] };
    expect(usages).toEqual([jasmine.objectContaining({ flag: 'search', file: 'app.ts', line: 2 })]);
    expect(unused).toEqual(['tokens']);
    expect((await run('usages', 'search')).exitCode).toBe(0);
  });

  it('says the way out when nothing answers, or the token is wrong', async () => {
    const wrong = await execa(
      process.execPath,
      [join(installation, 'tools/bin/coalmine.js'), 'flag', 'list'],
      {
        cwd: folder,
        env: { COALMINE_FLAGS_URL: service.url, COALMINE_FLAGS_TOKEN: 'guessed' },
        reject: false,
      },
    );
    expect([wrong.exitCode, wrong.stderr]).toEqual([1, jasmine.stringContaining('this needs the token')]);
    expect((await run('set', 'x', '--rollout', 'half')).stderr).toContain('is not a share of the users');
  });
});
