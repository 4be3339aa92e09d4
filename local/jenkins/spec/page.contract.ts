import { Controller, pause, stageOf } from './controller.js';

describe('local/jenkins pages', () => {
  const controller = new Controller();

  beforeAll(() => controller.start(), 30_000);
  afterAll(() => controller.remove());

  const text = async (path: string): Promise<string> => (await controller.fetch(path)).text();

  it('show jobs, a form with the defaults, stages and parameters, and Rebuild builds the same again', async () => {
    const script = stageOf('echo params.WHO').replace(
      'agent any',
      "agent any\n  parameters {\n    string(name: 'WHO', defaultValue: '<b>x</b>', description: 'who')\n    booleanParam(name: 'DRY', defaultValue: true)\n  }",
    );
    await controller.inline('shown', script);
    await controller.run('shown');
    expect(await text('/')).toMatch(/<a href="\/job\/shown\/">\s*shown\s*<\/a>/);
    const form = await text('/job/shown/');
    expect(form).toContain('value="&#60;b&#62;x&#60;/b&#62;"');
    const body = new URLSearchParams({ WHO: 'me & you' });
    expect((await controller.fetch('/job/shown/start', { method: 'POST', body })).status).toBe(302);
    await controller.logContains('shown', 2, 'Finished');
    expect((await controller.fetch('/job/shown/2/rebuild', { method: 'POST' })).status).toBe(302);
    await pause(50);
    await controller.logContains('shown', 3, 'Finished');
    const page = await text('/job/shown/3/');
    expect(page).toContain('me &#38; you');
    expect(page).toContain('<b>Only</b>');
    expect(page).toMatch(/DRY\s*<\/dt>\s*<dd>\s*<code>\s*false/);
    expect(await text('/static/console.js')).toContain('X-More-Data');
  }, 30_000);

  it('ask a browser for the token', async () => {
    const answer = await fetch(`${controller.url}/`, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Jenkins"');
  }, 30_000);
});
