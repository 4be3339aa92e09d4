import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, LoadingClient } from './client.js';
import { endAndLookBehind } from './left-behind.js';
import { Trial, within } from './trial.js';

interface CanaryStatus {
  rollout: { release: string; state: string; weight: number; reason: string };
}

/** The story of a fleet, told in order; each step stands on the one before. */
describe('a fleet from nothing', () => {
  const trial = new Trial();
  const { clone } = trial;
  let client: LoadingClient;
  const canary = (): CanaryStatus['rollout'] =>
    (JSON.parse(trial.coalmine('canary', 'status', '--json')) as CanaryStatus).rollout;

  beforeAll(async () => {
    trial.begin();
    // The start that has to work is one that another start, killed half-way, was before.
    await trial.upAndKill();
    const up = await trial.up();
    expect(up.code).withContext(up.output).toBe(0);
    client = new LoadingClient(trial.status().urls.app);
  });

  afterAll(async () => {
    try {
      await client.stop();
    } finally {
      await endAndLookBehind(trial);
    }
  });

  it('has prod-1, canary-1, proxy-1 and redis-1 up, with this commit on production and the canary', () => {
    const { droplets, urls } = trial.status();
    expect(droplets.map(({ name }) => name)).toEqual(['canary-1', 'prod-1', 'proxy-1', 'redis-1']);
    expect(droplets.every((droplet) => droplet.status === 'active')).toBeTrue();
    expect(trial.releaseOf('prod-1')).toBe(trial.head());
    expect(trial.releaseOf('canary-1')).toBe(trial.head());
    expect(Object.keys(urls)).toEqual(
      jasmine.arrayContaining(['app', 'digitalocean', 'flags', 'jenkins', 'mail']),
    );
  });

  it('serves the app through the proxy, and the tokens behind their flag', async () => {
    const { app, flags } = trial.status().urls;
    const answers = async (status: number) => (await ask(`${app}set`)).statusCode === status;
    expect(await answers(200)).toBeTrue();
    const toggle = new URL('/feature', flags).toString();
    await ask(toggle);
    expect(await within(5, () => answers(403))).toBeTrue();
    await ask(toggle);
    expect(await within(5, () => answers(200))).toBeTrue();
  });

  it('configures again without a change', () => {
    const again = trial.coalmine('playbook', 'site');
    expect([...(again.match(/changed=\d+/g) ?? [])]).toEqual(Array.from({ length: 4 }, () => 'changed=0'));
  });

  it('starts again without making anything twice', async () => {
    const ids = trial.coalmine('droplet', 'list');
    const up = await trial.up();
    expect(up.code).withContext(up.output).toBe(0);
    expect(trial.coalmine('droplet', 'list')).toBe(ids);
  });

  it('brings a good commit on the canary branch to the canary, and only there', async () => {
    trial.git('checkout', '--quiet', 'canary');
    writeFileSync(join(clone, 'CHANGELOG.md'), 'A good commit.\n');
    const production = trial.releaseOf('prod-1');
    const commit = await trial.commit('Good: $(touch pwned) "quotes" and\n\nlines');
    expect(commit.output).toContain('serving on canary');
    expect(trial.releaseOf('canary-1')).toBe(trial.head());
    expect(trial.releaseOf('prod-1')).toBe(production);
    expect(existsSync(join(clone, 'pwned'))).toBeFalse();
    expect(await within(30, () => (client.tally.servedBy.get('canary-1') ?? 0) > 0)).toBeTrue();
  });

  it('takes back a commit whose release does not start, and the canary serves what it served before', async () => {
    const good = trial.releaseOf('canary-1');
    const crash = "\nif (process.env.NODE_ENV === 'production') throw new Error('broken on purpose');\n";
    appendFileSync(join(clone, 'app-server/src/main.ts'), crash);
    const commit = await trial.commit('Does not start');
    expect(commit.output).toContain('canary-1: ');
    expect(commit.output).toContain('broken on purpose');
    expect(commit.output).toContain('is red');
    expect(trial.head()).toBe(good as string);
    expect(trial.releaseOf('canary-1')).toBe(good);
    const served = client.tally.servedBy.get('canary-1') ?? 0;
    expect(await within(30, () => (client.tally.servedBy.get('canary-1') ?? 0) > served))
      .withContext(trial.coalmine('events'))
      .toBeTrue();
  });

  it('deploys a push to main to production before the push goes through', async () => {
    trial.git('checkout', '--quiet', 'main');
    trial.git('merge', '--quiet', '--ff-only', 'canary');
    const push = await trial.push('main');
    expect(push.code).withContext(push.output).toBe(0);
    expect(trial.releaseOf('prod-1')).toBe(trial.head());
    expect(trial.git('ls-remote', 'origin', 'refs/heads/main')).toContain(trial.head());
  });

  it('refuses to push a commit that has no green build', async () => {
    const good = trial.head();
    writeFileSync(join(clone, 'CHANGELOG.md'), 'Never built.\n');
    trial.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--all', '--message', 'Never built');
    const push = await trial.push('main');
    expect(push.code).not.toBe(0);
    expect(push.output).toContain('no green build');
    expect(trial.releaseOf('prod-1')).toBe(good);
    trial.git('reset', '--quiet', '--hard', good);
  });

  it('takes a commit with a failing spec back, and keeps it', async () => {
    const good = trial.head();
    const spec = join(clone, 'tools/spec/plan.spec.ts');
    appendFileSync(spec, "\nit('fails on purpose', () => fail('on purpose'));\n");
    const commit = await trial.commit('Bad');
    expect(commit.output).toContain('is red');
    const [, rejected = ''] = /(refs\/coalmine\/rejected\/[0-9a-f]+)/.exec(commit.output) ?? [];
    expect(trial.head()).toBe(good);
    expect(trial.git('show', `${rejected}:tools/spec/plan.spec.ts`)).toContain('on purpose');
    expect(readFileSync(spec, 'utf8')).not.toContain('on purpose');
  });

  it('takes a commit with a lint error back', async () => {
    const good = trial.head();
    const careless = '\nexport function odd(x: any) { return x == null; }\n';
    appendFileSync(join(clone, 'tools/src/table.ts'), careless);
    const commit = await trial.commit('Careless');
    expect(commit.output).toContain('is red');
    expect(trial.head()).toBe(good);
  });

  it('promotes what the verdict finds as good as production, through Jenkins', async () => {
    trial.git('checkout', '--quiet', 'canary');
    const file = join(clone, 'coalmine.yml');
    const quick =
      'canary: { steps: [20, 50], interval: 2s, minRequests: 20, maxErrorIncrease: 20, maxLatencyIncrease: 300 }';
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^canary: .*$/m, quick));
    const commit = await trial.commit('As good as before');
    expect(commit.output).toContain('serving on canary');
    const promoted = await within(90, () => trial.releaseOf('prod-1') === trial.head());
    expect(promoted).withContext(canary().reason).toBeTrue();
    expect(await within(10, () => canary().state === 'promoted')).toBeTrue();
  });

  it('rolls production back without a build', () => {
    const latest = trial.releaseOf('prod-1');
    trial.coalmine('rollback', '--target', 'prod');
    expect(trial.releaseOf('prod-1')).not.toBe(latest);
    expect(trial.releaseOf('canary-1')).toBe(latest);
  });

  it('did not fail a single request of the client that loaded the proxy throughout', async () => {
    const tally = await client.stop();
    expect(tally.failures).toEqual([]);
    expect(tally.requests).toBeGreaterThan(500);
  });

  it('takes a release that fails its requests out of the traffic, then off the canary', async () => {
    const good = trial.releaseOf('canary-1');
    const app = join(clone, 'app-server/src/app.ts');
    const broken =
      "app.get('/', () => {\n    throw new Error('broken on purpose');\n  });\n\n  app.get('/', (";
    writeFileSync(app, readFileSync(app, 'utf8').replace("app.get('/', (", broken));
    client = new LoadingClient(trial.status().urls.app);
    const commit = await trial.commit('Fails every request');
    expect(commit.output).toContain('serving on canary');
    expect(await within(30, () => canary().state === 'rolled-back'))
      .withContext(canary().reason)
      .toBeTrue();
    expect(canary().weight).toBe(0);
    expect(trial.releaseOf('canary-1')).toBe(good);
    const { failures, requests } = await client.stop();
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(30);
    expect(requests).toBeGreaterThan(100);
    trial.git('checkout', '--quiet', 'main');
  });

  it('says what is wrong when Jenkins is away, and keeps the commit', async () => {
    trial.signal('jenkins', 'SIGKILL');
    writeFileSync(join(clone, 'CHANGELOG.md'), 'Jenkins is away.\n');
    const commit = await trial.commit('Away');
    expect(commit.code).toBe(0);
    expect(commit.output).toContain('does not answer');
    expect(trial.git('log', '-1', '--format=%s')).toBe('Away');
  });
});
