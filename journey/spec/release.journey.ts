import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, LoadingClient } from './client.js';

const root = resolve(import.meta.dirname, '../../..');
const command = join(root, 'tools/bin/coalmine.js');

interface Status {
  urls: Record<'app' | 'flags' | 'jenkins' | 'mail' | 'digitalocean', string>;
  droplets: { name: string; pool: string; address: string; status: string; release: string | null }[];
}

/** The story of a fleet, told in order; each step stands on the one before. */
describe('a fleet from nothing', () => {
  const home = mkdtempSync(join(tmpdir(), 'coalmine-journey-'));
  const project = join(home, 'shop');
  const environment = {
    ...process.env,
    COALMINE_PORT_BASE: String(20_000 + (process.pid % 1000) * 10),
    COALMINE_HOME: join(home, 'home'),
  };
  const clone = join(home, 'home/trial');
  let client: LoadingClient | undefined;

  const coalmine = (...parameters: string[]): string =>
    run(project, process.execPath, command, ...parameters);
  const status = (): Status => JSON.parse(coalmine('status', '--json')) as Status;
  const releaseOf = (name: string) => status().droplets.find((droplet) => droplet.name === name)?.release;
  const git = (...parameters: string[]): string => run(clone, 'git', ...parameters).trim();
  const head = (): string => git('rev-parse', 'HEAD');

  /** Runs to the end; fails the spec with all that was said. */
  function run(cwd: string, program: string, ...parameters: string[]): string {
    const {
      status: code,
      stdout,
      stderr,
    } = spawnSync(program, parameters, { cwd, env: environment, encoding: 'utf8' });
    if (code !== 0)
      throw new Error(`${program} ${parameters.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  /** The same without blocking the clients of this process. */
  function runBeside(
    cwd: string,
    program: string,
    ...parameters: string[]
  ): Promise<{ code: number | null; output: string }> {
    return new Promise((done) => {
      const child = spawn(program, parameters, { cwd, env: environment });
      const heard: Buffer[] = [];
      child.stdout.on('data', (data: Buffer) => heard.push(data));
      child.stderr.on('data', (data: Buffer) => heard.push(data));
      child.once('close', (code) => done({ code, output: Buffer.concat(heard).toString() }));
    });
  }

  beforeAll(async () => {
    // The commit at hand, as a newcomer would have it: what is built and released is a clone.
    run(home, 'git', 'clone', '--quiet', root, project);
    await startAndKill();
    const up = await runBeside(project, process.execPath, command, 'up', '--local', '--detach');
    expect(up.code).withContext(up.output).toBe(0);
  });

  /** A first start that ends with kill -9 in the middle of making droplets: the next one has to heal it. */
  async function startAndKill(): Promise<void> {
    const child = spawn(process.execPath, [command, 'up', '--local', '--detach'], {
      ...{ cwd: project, env: environment, stdio: 'ignore' },
    });
    const begun = (): boolean => existsSync(join(home, 'home/digitalocean/droplets'));
    for (let tries = 0; tries < 2000 && !begun() && child.exitCode === null; tries += 1) await sleep(50);
    await sleep(500);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  afterAll(async () => {
    await client?.stop();
    const down = await runBeside(project, process.execPath, command, 'down');
    expect(down.code).withContext(down.output).toBe(0);
    expect(leftBehind(join(home, 'home'))).toEqual([]);
    rmSync(home, { recursive: true, force: true });
  });

  it('has prod-1, canary-1, proxy-1 and redis-1 up, with this commit on production and the canary', () => {
    const { droplets, urls } = status();
    expect(droplets.map(({ name }) => name)).toEqual(['canary-1', 'prod-1', 'proxy-1', 'redis-1']);
    expect(droplets.every((droplet) => droplet.status === 'active')).toBeTrue();
    expect(releaseOf('prod-1')).toBe(run(project, 'git', 'rev-parse', 'HEAD').trim());
    expect(releaseOf('canary-1')).toBe(releaseOf('prod-1'));
    expect(Object.keys(urls).sort()).toEqual(['app', 'digitalocean', 'flags', 'jenkins', 'mail']);
  });

  it('serves the app through the proxy, and the tokens behind their flag', async () => {
    const { app, flags } = status().urls;
    expect((await ask(app)).statusCode).toBe(200);
    expect((await ask(`${app}set`)).statusCode).toBe(200);
    const toggle = new URL('/feature', flags).toString();
    await ask(toggle);
    expect(await within5Seconds(async () => (await ask(`${app}set`)).statusCode === 403)).toBeTrue();
    await ask(toggle);
    expect(await within5Seconds(async () => (await ask(`${app}set`)).statusCode === 200)).toBeTrue();
  });

  it('configures again without a change', () => {
    const again = coalmine('playbook', 'site');
    expect([...(again.match(/changed=\d+/g) ?? [])]).toEqual(Array.from({ length: 4 }, () => 'changed=0'));
  });

  it('starts again without making anything twice', async () => {
    const ids = coalmine('droplet', 'list');
    const up = await runBeside(project, process.execPath, command, 'up', '--local', '--detach');
    expect(up.code).withContext(up.output).toBe(0);
    expect(coalmine('droplet', 'list')).toBe(ids);
  });

  it('brings a good commit on the canary branch to the canary, and only there', async () => {
    client = new LoadingClient(status().urls.app);
    git('checkout', '--quiet', 'canary');
    writeFileSync(join(clone, 'CHANGELOG.md'), 'A good commit.\n');
    git('add', '--all');
    const production = releaseOf('prod-1');
    const commit = await runBeside(
      clone,
      'git',
      'commit',
      '--message',
      'Good: $(touch pwned) "quotes" and\n\nlines',
    );
    expect(commit.output).toContain('serving on canary');
    expect(releaseOf('canary-1')).toBe(head());
    expect(releaseOf('prod-1')).toBe(production);
    expect(existsSync(join(clone, 'pwned'))).toBeFalse();
    const served = client.tally.servedBy;
    expect(await within5Seconds(() => (served.get('canary-1') ?? 0) > 0)).toBeTrue();
  });

  it('deploys a push to main to production before the push goes through', async () => {
    git('checkout', '--quiet', 'main');
    git('merge', '--quiet', '--ff-only', 'canary');
    const push = await runBeside(clone, 'git', 'push', 'origin', 'main');
    expect(push.code).withContext(push.output).toBe(0);
    expect(releaseOf('prod-1')).toBe(head());
    expect(git('ls-remote', 'origin', 'refs/heads/main')).toContain(head());
  });

  it('refuses to push a commit that has no green build', async () => {
    const good = head();
    writeFileSync(join(clone, 'CHANGELOG.md'), 'Never built.\n');
    git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--all', '--message', 'Never built');
    const push = await runBeside(clone, 'git', 'push', 'origin', 'main');
    expect(push.code).not.toBe(0);
    expect(push.output).toContain('no green build');
    expect(releaseOf('prod-1')).toBe(good);
    git('reset', '--quiet', '--hard', good);
  });

  it('takes a commit with a failing spec back, and keeps it', async () => {
    const good = head();
    const spec = join(clone, 'tools/spec/plan.spec.ts');
    appendFileSync(spec, "\nit('fails on purpose', () => fail('on purpose'));\n");
    const commit = await runBeside(clone, 'git', 'commit', '--all', '--message', 'Bad');
    expect(commit.output).toContain('is red');
    expect(head()).toBe(good);
    const rejected = git('for-each-ref', '--format=%(refname)', 'refs/coalmine/rejected/');
    expect(git('show', `${rejected}:tools/spec/plan.spec.ts`)).toContain('on purpose');
    expect(readFileSync(spec, 'utf8')).not.toContain('on purpose');
  });

  it('takes a commit with a lint error back', async () => {
    const good = head();
    appendFileSync(
      join(clone, 'tools/src/table.ts'),
      '\nexport function odd(x: any) { return x == null; }\n',
    );
    const commit = await runBeside(clone, 'git', 'commit', '--all', '--message', 'Careless');
    expect(commit.output).toContain('is red');
    expect(head()).toBe(good);
  });

  it('takes back a commit whose release does not start, and the canary serves what it served before', async () => {
    git('checkout', '--quiet', 'canary');
    const good = releaseOf('canary-1');
    const crash = "\nif (process.env.NODE_ENV === 'production') throw new Error('broken on purpose');\n";
    appendFileSync(join(clone, 'app-server/src/main.ts'), crash);
    const commit = await runBeside(clone, 'git', 'commit', '--all', '--message', 'Does not start');
    expect(commit.output).toContain('canary-1: ');
    expect(commit.output).toContain('broken on purpose');
    expect(commit.output).toContain('is red');
    expect(releaseOf('canary-1')).toBe(good);
    const served = client?.tally.servedBy.get('canary-1') ?? 0;
    expect(await within5Seconds(() => (client?.tally.servedBy.get('canary-1') ?? 0) > served)).toBeTrue();
    git('checkout', '--quiet', 'main');
  });

  it('rolls production back without a build', () => {
    const latest = releaseOf('prod-1');
    coalmine('rollback', '--target', 'prod');
    expect(releaseOf('prod-1')).not.toBe(latest);
    expect(releaseOf('canary-1')).toBe(latest);
  });

  it('did not fail a single request of the client that loaded the proxy throughout', async () => {
    const tally = await client?.stop();
    expect(tally?.failures).toEqual([]);
    expect(tally?.requests).toBeGreaterThan(500);
  });

  it('says what is wrong when Jenkins is away, and keeps the commit', async () => {
    const pid = Number(readFileSync(join(home, 'home/local/jenkins.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    writeFileSync(join(clone, 'CHANGELOG.md'), 'Jenkins is away.\n');
    const commit = await runBeside(clone, 'git', 'commit', '--all', '--message', 'Away');
    expect(commit.code).toBe(0);
    expect(commit.output).toContain('does not answer');
    expect(git('log', '-1', '--format=%s')).toBe('Away');
  });
});

/** What the fleet of this home has on the machine: processes, mounts, its bridge, its firewall table. */
function leftBehind(of: string): string[] {
  const said = (program: string, ...parameters: string[]) =>
    spawnSync(program, parameters, { encoding: 'utf8' }).stdout;
  const cloud = `cm${createHash('sha256').update(join(of, 'digitalocean')).digest('hex').slice(0, 8)}`;
  const linesWith = (text: string, part: string) => text.split('\n').filter((line) => line.includes(part));
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ command: read(`/proc/${pid}/cmdline`), settings: read(`/proc/${pid}/environ`) }))
    .filter(({ command: line, settings }) => `${line}${settings}`.includes(of) || line.includes(cloud))
    .map(({ command: line }) => line);
  return [
    ...processes,
    ...linesWith(readFileSync('/proc/mounts', 'utf8'), of),
    ...linesWith(said('ip', '-o', 'link'), cloud),
    ...linesWith(said('nft', 'list', 'tables'), cloud),
    ...readdirSync('/sys/fs/cgroup').filter((name) => name.startsWith(cloud)),
  ];
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Waits for something to become true, a few seconds at most. */
async function within5Seconds(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + 5000; Date.now() < deadline; await sleep(100))
    if (await holds()) return true;
  return holds();
}
