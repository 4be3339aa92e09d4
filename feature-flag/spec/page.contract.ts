import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { soon, TestRedis, type TestService } from '@coalmine/fleet/testbed.js';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ask, flag, main, startService, tokens } from './service.js';

const build = resolve(import.meta.dirname, '../../page/build.mjs');
const email = { var: 'email' };
const flags = {
  banner: flag('off', {
    targeting: { if: [{ ends_with: [email, '@example.com'] }, 'on', null] },
    metadata: { owner: 'ann', description: 'The winter banner on the front page' },
  }),
  checkout: flag('on', { metadata: { owner: 'bob', expires: '2020-01-31' } }),
  limit: { state: 'ENABLED', variants: { few: 3, many: 30 }, defaultVariant: 'many' },
  search: flag('off', { targeting: { fractional: [['on', 25], ['off', 75]] } }), // prettier-ignore
};

describe('the page of flags', () => {
  let redis: TestRedis;
  let service: TestService;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [build, join(dirname(main), 'page')]);
    redis = await TestRedis.start();
    service = await startService(redis);
    await soon(async () => (await ask(service, 'POST', '/import', { flags })).status === 200);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await service.stop();
    await redis.stop();
  });

  beforeEach(async () => {
    complaints = [];
    await open(service);
  });

  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  async function open(at: TestService, more: Parameters<Browser['newPage']>[0] = {}): Promise<void> {
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, baseURL: at.url, ...more });
    page.setDefaultTimeout(8000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (asked) => {
      if (!asked.url().startsWith(at.url)) complaints.push(`asks ${asked.url()}`);
    });
    await page.goto('/');
  }

  const valueOf = async (key: string) => (await ask(service, 'GET', `/flags/${key}`)).body.value;
  const becomes = (key: string, value: unknown) => soon(async () => (await valueOf(key)) === value);
  const dialog = () => page.getByRole('dialog');
  const choose = (key: string) => page.locator(`#flag-${key}`).click();
  const tab = (name: string) => page.getByRole('tab', { name }).click();

  it('lists, searches and filters, and says what is not plain', async () => {
    await page.locator('#flag-tokens').waitFor();
    expect(await page.locator('#list b').allInnerTexts()).toEqual([
      'banner',
      'checkout',
      'limit',
      'search',
      'tokens',
    ]);
    expect(await page.locator('#flag-search .tag').innerText()).toBe('25 %');
    expect(await page.locator('#flag-checkout .tag').innerText()).toBe('stale');
    await page.getByRole('searchbox').fill('winter');
    expect(await page.locator('#list b').allInnerTexts()).toEqual(['banner']);
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: /^stale/ }).click();
    expect(await page.locator('#list b').allInnerTexts()).toEqual(['checkout']);
  });

  it('toggles once it is confirmed, with the reason, and shows it in the history with its undo', async () => {
    const toggle = page.getByRole('switch', { name: /^checkout/ });
    await toggle.click();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    expect(await valueOf('checkout')).toBeTrue();
    await toggle.click();
    await dialog().getByLabel('Why').fill('too slow – wirklich');
    await dialog().getByRole('button', { name: 'Switch off' }).click();
    expect(await becomes('checkout', false)).toBeTrue();
    await page.locator('#switch-checkout[aria-checked=false]').waitFor();
    await choose('checkout');
    await tab('History');
    const latest = page.locator('.history > li').first();
    await latest.waitFor();
    expect((await latest.innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /flag off .*too slow – wirklich .*on off/,
    );
    await latest.getByRole('button', { name: /Undo/ }).click();
    await dialog().getByRole('button', { name: 'Undo' }).click();
    expect(await becomes('checkout', true)).toBeTrue();
    await page.locator('.history').getByText('flag change undone').waitFor();
  });

  it('edits with help at the cursor, shows what is wrong while one types, and what will change', async () => {
    await choose('banner');
    const area = page.getByRole('textbox', { name: 'Definition' });
    const text = await area.inputValue();
    await area.evaluate((element: { value: string; setSelectionRange: (a: number, b: number) => void }) => {
      const at = element.value.indexOf('ends_with');
      element.setSelectionRange(at, at);
    });
    await area.press('ArrowRight');
    expect(await page.locator('.help').innerText()).toContain('ends_with [text, ending]');
    await area.fill(text.replace('ENABLED', 'MAYBE'));
    await page.locator('.mistakes').getByText('/state must be one of ENABLED, DISABLED').waitFor();
    expect(await page.getByRole('button', { name: 'Save…' }).isDisabled()).toBeTrue();
    await area.fill(text.replace('"defaultVariant": "off"', '"defaultVariant": "on"'));
    await page.locator('.mistakes:empty').waitFor({ state: 'attached' });
    await area.press('Control+s');
    expect((await dialog().locator('.diff').innerText()).replaceAll(/\s+/g, ' ')).toBe(
      '/defaultVariant off on',
    );
    await dialog().getByRole('button', { name: 'Save' }).click();
    expect(await becomes('banner', true)).toBeTrue();
  });

  it('loses neither of two edits', async () => {
    await ask(service, 'PUT', '/flags/both', flag('off'));
    await choose('both');
    const area = page.getByRole('textbox', { name: 'Definition' });
    await area.fill((await area.inputValue()).replace('"ENABLED"', '"DISABLED"'));
    await ask(service, 'PATCH', '/flags/both', { metadata: { owner: 'bob' } });
    await page.locator('.mistakes').getByText('it was changed by someone else').waitFor();
    await page.getByRole('button', { name: 'Revert' }).click();
    expect(await area.inputValue()).toContain('"owner": "bob"');
  });

  it('tells what a user would get, and why', async () => {
    await choose('banner');
    await tab('Try it');
    await page.getByLabel('User').fill('ann');
    await page.getByLabel('email').fill('ann@example.com');
    await page.getByRole('button', { name: 'What would they get?' }).click();
    await page.locator('.result').getByText('TARGETING_MATCH').waitFor();
    expect(await page.locator('.result').innerText()).toMatch(
      /^true\s[^]*the targeting chose it for this user/,
    );
  });

  it('makes, kills, revives and deletes', async () => {
    const button = (name: string) => page.locator('#detail').getByRole('button', { name }).click();
    await page.getByRole('button', { name: 'New flag' }).click();
    await dialog().getByLabel('Key').fill('fresh');
    await dialog().getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('heading', { name: 'fresh' }).waitFor();
    await button('Switch on…');
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    expect(await becomes('fresh', true)).toBeTrue();
    await button('Kill…');
    await dialog().getByRole('button', { name: 'Kill' }).click();
    expect(await becomes('fresh', false)).toBeTrue();
    await button('Revive…');
    await dialog().getByRole('button', { name: 'Revive' }).click();
    expect(await becomes('fresh', true)).toBeTrue();
    await button('Delete…');
    await dialog().getByRole('button', { name: 'Delete' }).click();
    await page.locator('#flag-fresh').waitFor({ state: 'detached' });
  });

  it('works by keys alone, also for a flag that differs on the canary', async () => {
    await page.locator('#flag-search').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('search');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'search' }).waitFor();
    await page.keyboard.press('y');
    await page.locator('.result strong').waitFor();
    await page.keyboard.press('t');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await dialog().getByText('the next flag').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('radio', { name: 'canary' }).check({ force: true });
    await page.getByText('the same on canary as everywhere').waitFor();
    await page.locator('#flag-search').focus();
    await page.keyboard.press('t');
    await page.keyboard.press('Tab');
    await dialog().getByRole('button', { name: 'Switch on' }).press('Enter');
    await page.getByText('has its own definition on canary').waitFor();
    expect(await valueOf('search')).toBeFalse();
    await ask(service, 'DELETE', '/flags/search?environment=canary');
  });

  it('follows changes that others make', async () => {
    await page.locator('#live.on').waitFor();
    await ask(service, 'PUT', '/flags/theirs', flag('on'));
    await page.locator('#switch-theirs[aria-checked=true]').waitFor();
    await ask(service, 'POST', '/flags/theirs/toggle');
    await page.locator('#switch-theirs[aria-checked=false]').waitFor();
  });

  it('asks a stranger for a token, and tells a viewer what they may not do', async () => {
    const guarded = await startService(redis, { FLAGS_OPERATORS: '10.9.8.0/24' });
    await page.close();
    await open(guarded);
    await dialog().getByLabel('Token').fill(tokens.viewer);
    await dialog().getByRole('button', { name: 'Open' }).click();
    await page.getByRole('switch', { name: /^tokens/ }).click();
    await dialog()
      .getByRole('button', { name: /Switch/ })
      .click();
    await page
      .getByText('an viewer may not do this')
      .or(page.getByText('a viewer may not do this'))
      .waitFor();
    await guarded.stop('SIGKILL');
  });
});
