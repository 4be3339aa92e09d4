import { chromium, type Browser, type Page } from 'playwright-core';
import { Controller, password, stageOf, token, user } from './controller.js';

const junit = `<testsuite name="s"><testcase classname="cart" name="adds"/><testcase classname="cart" name="removes"><failure message="expected 1 to be 2">at cart.ts:12</failure></testcase></testsuite>`;
const checkstyle = `<checkstyle><file name="src/a.ts"><error line="4" severity="error" message="Expected === &lt;b&gt;" source="eslint.rules.eqeqeq"/></file></checkstyle>`;

describe('local/jenkins pages, in a browser:', () => {
  const controller = new Controller();
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [browser] = await Promise.all([
      chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] }),
      controller.start({ COALMINE_JENKINS_EXECUTORS: '1' }),
    ]);
  }, 30_000);
  // A page that still follows its build would get in the way of the next spec.
  beforeEach(async () => {
    page = await open(token);
  });
  afterEach(() => page.close());
  afterAll(async () => {
    await browser.close();
    await controller.remove();
  });

  async function open(secret: string): Promise<Page> {
    const opened = await browser.newPage({ httpCredentials: { username: user, password: secret } });
    opened.setDefaultTimeout(20_000);
    return opened;
  }

  it('a job is found, its parameters are filled in and built, and Rebuild builds the same again', async () => {
    const script = stageOf('echo "for ${params.WHO} ${params.HOW} ${params.DRY}"').replace(
      'agent any',
      "agent any\n  parameters {\n    string(name: 'WHO', defaultValue: '<b>x</b>', description: 'who')\n    choice(name: 'HOW', choices: ['slow', 'fast'])\n    booleanParam(name: 'DRY', defaultValue: true)\n  }",
    );
    await controller.inline('shop & co'.replace('&', 'und'), script);
    await controller.run('shop und co');
    await page.goto(controller.url);
    await page.getByRole('link', { name: 'shop und co' }).click();
    await page.getByText('Build with Parameters').click();
    expect(await page.getByLabel('WHO').inputValue()).toBe('<b>x</b>');
    await page.getByLabel('WHO').fill('me & you');
    await page.getByLabel('HOW').selectOption('fast');
    await page.getByLabel('DRY').uncheck();
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    // The list of builds follows by itself.
    await page.getByRole('link', { name: '#2' }).click();
    await page.locator('#console').getByText('for me & you fast false').waitFor();
    expect(await page.locator('dl').innerText()).toContain('me & you');
    await page.getByRole('button', { name: 'Rebuild' }).click();
    await page.goto(`${controller.url}/job/shop%20und%20co/`);
    await page.getByRole('link', { name: '#3' }).click();
    await page.locator('#console').getByText('for me & you fast false').waitFor();
  }, 60_000);

  it('the console and the stages are followed live, with ANSI’s colours, and Stop ends the build', async () => {
    const colours = String.raw`printf '\\033[32mgood\\033[0m \\033[1;38;5;208mloud\\033[0m <i>plain</i>\\n'`;
    await controller.inline('colours', stageOf(`sh "${colours}; sleep 300"`));
    const number = await controller.trigger('colours');
    await controller.inline('behind', stageOf("echo 'x'"));
    await controller.client.job.build({ name: 'behind' });
    await page.goto(`${controller.url}/job/colours/${number}/`);
    const good = page.locator('#console span', { hasText: /^good$/ });
    await good.waitFor();
    expect(await good.getAttribute('style')).toContain('rgb(87, 171, 90)');
    const loud = await page.locator('#console span', { hasText: /^loud$/ }).getAttribute('style');
    expect(loud).toMatch(/color: rgb\(255, 135, 0\).*font-weight: 700/);
    expect(await page.locator('#console').innerText()).toContain('<i>plain</i>');
    await page.locator('.stages .in_progress', { hasText: 'Only' }).waitFor();
    // One executor: the other job waits, and is withdrawn.
    const other = await open(token);
    await other.goto(`${controller.url}/job/behind/`);
    await other.getByRole('button', { name: 'Cancel' }).click();
    await other.getByText('No build yet.').waitFor();
    await other.close();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.title .aborted').waitFor();
    await page.locator('.stages .aborted', { hasText: 'Only' }).waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  }, 60_000);

  it('tests, findings and artifacts are shown', async () => {
    await controller.inline(
      'reports',
      stageOf(
        `writeFile file: 'j.xml', text: '''${junit}'''\nwriteFile file: 'c.xml', text: '''${checkstyle}'''\nrecordIssues tool: checkStyle(pattern: 'c.xml')\narchiveArtifacts 'j.xml'\njunit 'j.xml'`,
      ),
    );
    const { number } = await controller.run('reports');
    await page.goto(`${controller.url}/job/reports/${number}/`);
    const shown = await page.locator('main').innerText();
    expect(shown).toContain('1 passed, 1 failed, 0 skipped');
    expect(shown).toMatch(/cart › removes\s+expected 1 to be 2\s+at cart.ts:12/);
    expect(shown).toMatch(/src\/a.ts:4\s+error\s+Expected === <b> eqeqeq/);
    await page.getByRole('link', { name: 'j.xml' }).waitFor();
    await page.locator('#console').getByText('Finished: UNSTABLE').waitFor();
    expect(await page.locator('.title .unstable').innerText()).toBe('unstable');
  }, 60_000);

  it('a question is answered', async () => {
    await controller.inline('ask', stageOf("input message: 'Release it?', ok: 'Do it'\necho 'done it'"));
    const number = await controller.trigger('ask');
    await controller.logContains('ask', number, 'Do it or Abort');
    await page.goto(`${controller.url}/job/ask/${number}/`);
    await page.getByText('Release it?').first().waitFor();
    await page.getByRole('button', { name: 'Do it' }).click();
    await controller.logContains('ask', number, 'Finished: SUCCESS');
    expect(await controller.client.build.log('ask', number)).toContain('done it');
  }, 60_000);

  it('of a long log the end is shown, and the whole of it is a link away', async () => {
    await controller.inline('long', stageOf("sh 'seq 1 150000'"));
    const { number } = await controller.run('long');
    await page.goto(`${controller.url}/job/long/${number}/`);
    await page.locator('#console').getByText('Finished: SUCCESS').waitFor();
    await page.getByText('only the end of it is shown here').waitFor();
    expect(await page.locator('#console > div').count()).toBeLessThan(10_000);
    expect(await page.getByRole('link', { name: 'Full log' }).getAttribute('href')).toMatch(/consoleText$/);
  }, 60_000);

  it('a browser is asked for a password or token; by password its forms carry the crumb', async () => {
    const answer = await fetch(`${controller.url}/`, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Jenkins"');
    const byPassword = await open(password);
    await byPassword.goto(`${controller.url}/job/behind/`);
    await byPassword.getByRole('button', { name: 'Build', exact: true }).click();
    await byPassword.getByRole('link', { name: '#1' }).waitFor();
    await byPassword.close();
  }, 60_000);
});
