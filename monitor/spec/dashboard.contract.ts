import { readdir, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { readAlertBook, writeAlertBook } from '@coalmine/fleet/alert-records.js';
import { readLatestEvents } from '@coalmine/fleet/events.js';
import { readRollout, writeRollout } from '@coalmine/fleet/rollout.js';
import { soon } from '@coalmine/fleet/testbed.js';
import { chromium, type Browser, type Page } from 'playwright-core';
import { watchJumps, weakestContrast } from './dashboard-probes.js';
import { pageFolder, Stage, token } from './dashboard-stage.js';
import { recordOf } from './records.js';

const wide = { width: 1440, height: 900 };

describe('the dashboard', () => {
  let stage: Stage;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    stage = await Stage.set(20);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await stage.strike();
  });
  beforeEach(() => (complaints = []));
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  async function open(options: Parameters<Browser['newPage']>[0] = { viewport: wide }): Promise<void> {
    page = await browser.newPage({ ...options, baseURL: stage.monitor.url });
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (asked) => {
      if (!asked.url().startsWith(stage.monitor.url)) complaints.push(`asks ${asked.url()}`);
    });
    await page.goto('/');
    await page.locator('#live.on').waitFor();
  }

  const textOf = async (id: string): Promise<string> =>
    (await page.locator(`#${id}`).innerText()).replaceAll(/\s+/g, ' ');

  function order(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${stage.monitor.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async function unlock(): Promise<void> {
    const dialog = page.getByRole('dialog', { name: 'Operate' });
    await dialog.getByLabel('Your name').fill('ann');
    await dialog.getByLabel('Token').fill(token);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
  }

  it('shows rollout, curves, fleet, alerts, flags, builds and log, of files of at most 200 kB in all', async () => {
    await open();
    expect(await textOf('state')).toBe('e71b5d0 at 20 %');
    expect(await textOf('rollout')).toMatch(
      /20 % of the traffic to e71b5d0 running .*Canary 1863 0.11 % 19.8 ms/,
    );
    expect(await textOf('rollout')).toContain('Evidence that the canary is worse 2.57 of 1000');
    expect(await textOf('fleet')).toMatch(/proxy-1 – .*prod-1 9f3a2c1 .*prod-2 .*canary-1 e71b5d0 .*redis-1/);
    expect(await textOf('autoscale')).toContain('Production: 2, mean CPU 24 % for 40.5 %');
    expect(await textOf('alerts')).toContain('resolved prod-2 · cpu');
    expect(await textOf('flags')).toMatch(
      /checkout-v2 off \+ rules canary on flag changed by bob, \d+ min ago/,
    );
    expect(
      await soon(async () => /#39 build → canary e71b5d0 green in 52 s/.test(await textOf('builds'))),
    ).toBeTrue();
    expect(await textOf('events')).toMatch(/canary step e71b5d0 controller on redis-1/);
    for (const name of ['Traffic to the canary', 'Requests', 'Errors', 'Latency', 'CPU of the service']) {
      const chart = page.locator('.chart', { has: page.getByRole('heading', { name }) });
      expect(await chart.locator('canvas').count())
        .withContext(name)
        .toBe(1);
      expect(await chart.locator('.plot').getAttribute('aria-label'))
        .withContext(name)
        .toMatch(/\d/);
    }
    const files = await readdir(pageFolder);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(pageFolder, file))).size));
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(200_000);
  });

  it('is live, says what is wrong in its first line, and nothing jumps', async () => {
    await open();
    await page.evaluate(watchJumps);
    const rollout = await readRollout(stage.redis);
    if (!rollout) throw new Error('the scene has no rollout');
    await writeRollout(stage.redis, { ...rollout, state: 'held', weight: 5000, reason: 'waits for Ann' });
    const alert = recordOf('prod-1', 'prod');
    await writeAlertBook(stage.redis, { records: new Map([['prod-1/cpu', alert]]) });
    await page.locator('#rollout', { hasText: 'waits for Ann' }).waitFor();
    await page.locator('#state.bad', { hasText: 'prod-1: cpu' }).waitFor();
    expect(await textOf('rollout')).toContain('50 % of the traffic');
    expect(await textOf('alerts')).toContain('firing prod-1 · cpu CPU of prod-1 is at 93.3 %');
    expect(await page.title()).toBe('(1) Coalmine');
    expect(await page.evaluate('window.jumps')).toEqual([]);
    await writeRollout(stage.redis, rollout);
    await writeAlertBook(stage.redis, { records: new Map([['prod-1/cpu', null]]) });
  });

  it('fits a phone, and is as readable in the dark: text stands out 4.5 to 1', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await open({ viewport: { width: 360, height: 740 }, colorScheme });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const weakest = await page.evaluate<{ ratio: number; text: string }>(weakestContrast);
      expect(weakest.ratio).withContext(`${colorScheme}: ${weakest.text}`).toBeGreaterThanOrEqual(4.5);
      if (colorScheme === 'light') await page.close();
    }
  });

  it('lets an operator abort the canary, after the token and a confirmation, and writes down who it was', async () => {
    const before = await readRollout(stage.redis);
    if (!before) throw new Error('the scene has no rollout');
    await open();
    await page.getByRole('button', { name: 'Abort canary' }).click();
    await unlock();
    const asked = page.getByRole('dialog', { name: 'Abort the canary?' });
    await asked.getByText('All traffic goes to production at once').waitFor();
    await asked.getByRole('button', { name: 'Cancel' }).click();
    expect((await readRollout(stage.redis))?.state).toBe('running');
    await page.getByRole('button', { name: 'Abort canary' }).click();
    await asked.getByLabel('Why').fill('customers call');
    await asked.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('the canary gets 0 % of the traffic').waitFor();
    const after = await readRollout(stage.redis);
    expect([after?.state, after?.weight]).toEqual(['rolling-back', 0]);
    const [event] = await readLatestEvents(stage.redis, 1);
    expect(event).toEqual(
      jasmine.objectContaining({
        who: 'ann (dashboard)',
        what: 'canary abort',
        why: 'customers call',
        weight: 0,
      }),
    );
    await page.locator('#rollout', { hasText: 'rolling back' }).waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).isDisabled()).toBeTrue();
    await writeRollout(stage.redis, before);
  });

  it('silences an alert and rolls production back', async () => {
    const alert = recordOf('prod-2', 'prod');
    await writeAlertBook(stage.redis, { records: new Map([['prod-2/cpu', alert]]) });
    await open();
    await page.getByRole('button', { name: 'Operate' }).click();
    await unlock();
    await page.getByRole('button', { name: 'Silence' }).click();
    await page.getByLabel('For how long').selectOption('15 minutes');
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.locator('#alerts', { hasText: 'silenced' }).waitFor();
    const [silence] = (await readAlertBook(stage.redis)).silences;
    expect(silence).toEqual(jasmine.objectContaining({ host: 'prod-2', rule: 'cpu', by: 'ann (dashboard)' }));
    expect(Date.parse(silence?.until ?? '') - Date.now()).toBeLessThan(15 * 60_000);
    await page.getByRole('button', { name: 'Roll production back' }).click();
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('Jenkins is rolling production back').waitFor();
    expect(stage.jenkins.asked.at(-1)).toEqual(
      jasmine.objectContaining({ ACTION: 'rollback', TARGET: 'prod', REPO: 'git@example.com:shop.git' }),
    );
  });

  it('obeys nobody without the token, no page of another site, and nothing about a rollout of before', async () => {
    await open();
    const rollout = (await readRollout(stage.redis))?.id ?? '';
    const abort = { kind: 'abort', rollout, who: 'eve' };
    const mine = { authorization: `Bearer ${token}` };
    expect((await order(abort)).status).toBe(401);
    expect((await order(abort, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await order(abort, { ...mine, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await order(abort, { ...mine, 'content-type': 'text/plain' })).status).toBe(415);
    expect((await order({ ...abort, who: '<b>' }, mine)).status).toBe(400);
    expect((await order({ ...abort, why: 'x'.repeat(9000) }, mine)).status).toBe(400);
    const stale = await order({ ...abort, rollout: 'another' }, mine);
    expect(stale.status).toBe(409);
    expect(await stale.json()).toEqual(
      jasmine.objectContaining({ error: 'Meanwhile another rollout has begun' }),
    );
    expect((await readRollout(stage.redis))?.state).toBe('running');
    const { port } = new URL(stage.monitor.url);
    const status = await new Promise((resolve, reject) => {
      request({ port, path: '/stream', headers: { host: 'evil.example' } }, (answer) => {
        answer.destroy();
        resolve(answer.statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it('shows the last known while Redis is away, and goes on after; a stop waits for no watcher', async () => {
    await open();
    await stage.server.kill();
    await page.locator('#live.away').waitFor();
    expect(await textOf('rollout')).toContain('e71b5d0');
    await stage.server.resume();
    await page.locator('#live.on').waitFor();
    const began = Date.now();
    expect(await stage.monitor.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(await soon(async () => (await textOf('live')) === 'last known')).toBeTrue();
  });
});
