import Jenkins from 'jenkins';
import { Controller, inlineXml, password, pause, stageOf, user } from './controller.js';

interface Stages {
  status: string;
  durationMillis: number;
  stages: { name: string; status: string; durationMillis: number }[];
}

describe('the npm client `jenkins` takes local/jenkins for Jenkins:', () => {
  const controller = new Controller();

  beforeAll(() => controller.start({ COALMINE_JENKINS_EXECUTORS: '1' }), 30_000);
  afterAll(() => controller.remove());

  it('a job is copied, listed, disabled and enabled', async () => {
    const { client } = controller;
    await client.job.create('one', inlineXml(stageOf('echo "one"')));
    await client.job.copy('one', 'two');
    expect((await client.job.list()).map(({ name }) => name)).toEqual(['one', 'two']);
    await client.job.disable('two');
    expect((await client.job.get('two')).color).toBe('disabled');
    await expectAsync(client.job.build({ name: 'two' })).toBeRejectedWithError(/conflict/);
    await client.job.enable('two');
    expect((await controller.run('two')).log).toContain('one');
    await expectAsync(client.job.copy('none', 'three')).toBeRejectedWithError(/No such job: none/);
  }, 30_000);

  it('what waits says why, and can be cancelled; what runs shows its stages, can be stopped and deleted', async () => {
    const { client } = controller;
    await client.job.create('slow', inlineXml(stageOf('sleep 600')));
    await client.job.create('after', inlineXml(stageOf('echo "x"')));
    const number = await controller.trigger('slow');
    const item = await client.job.build({ name: 'after' });
    expect((await client.queue.list()).map(({ id, why }) => [id, why])).toEqual([
      [item, 'Waiting for next available executor'],
    ]);
    // Jenkins answers 204 since 2.x, for which this client knows no success; it is cancelled all the same.
    await client.queue.cancel(item).catch(() => undefined);
    expect((await client.queue.item(item)).cancelled).toBeTrue();
    expect(await client.queue.list()).toEqual([]);
    await expectAsync(client.queue.item(999)).toBeRejectedWithError(/not found/);

    await controller.logContains('slow', number, 'Sleeping for');
    const running = await controller.json<Stages>(`/job/slow/${number}/wfapi/describe`);
    expect([running.status, running.stages[0]?.name, running.stages[0]?.status]).toEqual([
      'IN_PROGRESS',
      'Only',
      'IN_PROGRESS',
    ]);
    await client.build.stop('slow', number);
    expect((await controller.follow('slow', number)).result).toBe('ABORTED');
    expect((await controller.json<Stages>(`/job/slow/${number}/wfapi/describe`)).stages[0]?.status).toBe(
      'ABORTED',
    );
    await controller.fetch(`/job/slow/${number}/doDelete`, { method: 'POST' });
    await expectAsync(client.build.get('slow', number)).toBeRejectedWithError(/not found/);
  }, 30_000);

  it('the log is read in parts by byte, and as a whole', async () => {
    await controller.inline('words', stageOf('echo "größe"'));
    const { number } = await controller.run('words');
    const whole = await (await controller.fetch(`/job/words/${number}/consoleText`)).text();
    const at = `/job/words/${number}/logText/progressiveText?start=`;
    const start = Buffer.byteLength(whole.slice(0, whole.indexOf('größe')));
    const part = await controller.fetch(at + String(start));
    expect(await part.text()).toMatch(/^größe\n/);
    expect([part.headers.get('x-text-size'), part.headers.get('x-more-data')]).toEqual([
      String(Buffer.byteLength(whole)),
      null,
    ]);
    expect(await (await controller.fetch(`${at}99999999`)).text()).toBe(whole);
    expect(await controller.client.build.log('words', number)).toBe(whole);
  }, 30_000);

  it('credentials are created, shown without their secret, changed and deleted', async () => {
    const { credentials } = controller.client;
    const xml = (secret: string): string =>
      `<com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl><scope>GLOBAL</scope><id>deploy</id><description>d</description><username>me</username><password>${secret}</password></com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>`;
    const at = ['manage', 'system', '_'] as const;
    expect(await credentials.exists('deploy', ...at)).toBeFalse();
    await credentials.create(...at, xml('first-secret'));
    expect(await credentials.exists('deploy', ...at)).toBeTrue();
    const shown = await credentials.config('deploy', ...at);
    expect(shown).toContain('<username>me</username><password><secret-redacted/></password>');
    await credentials.config('deploy', ...at, xml('second-secret'));
    await controller.inline(
      'login',
      stageOf(
        "withCredentials([usernamePassword(credentialsId: 'deploy', usernameVariable: 'U', passwordVariable: 'P')]) { sh 'test $P = second-secret' }",
      ),
    );
    expect((await controller.run('login')).result).toBe('SUCCESS');
    await credentials.destroy('deploy', ...at);
    expect(await credentials.exists('deploy', ...at)).toBeFalse();
  }, 30_000);

  it('by password a POST needs the crumb of its session; by API token it needs none', async () => {
    await controller.inline('crumbs', stageOf('echo "x"'));
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const post = async (headers: Record<string, string>): Promise<number> =>
      (await controller.fetch('/job/crumbs/build', { method: 'POST', headers })).status;
    const issue = async (): Promise<{ cookie: string; crumb: string }> => {
      const answer = await controller.fetch('/crumbIssuer/api/json', { headers: { authorization } });
      const { crumb } = (await answer.json()) as { crumb: string };
      return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', crumb };
    };
    const own = await issue();
    const other = await issue();
    expect(await post({ authorization })).toBe(403);
    expect(await post({ authorization, 'jenkins-crumb': own.crumb })).toBe(403);
    expect(await post({ authorization, 'jenkins-crumb': own.crumb, cookie: other.cookie })).toBe(403);
    expect(await post({ authorization, 'jenkins-crumb': own.crumb, cookie: own.cookie })).toBe(201);
    expect(await post({ authorization: controller.authorization })).toBe(201);
    const url = new URL(controller.url);
    [url.username, url.password] = [user, password];
    const byPassword = new Jenkins({ baseUrl: url.href.replace(/\/$/, '') });
    expect(await byPassword.job.build({ name: 'crumbs' })).toBeGreaterThan(0);
    const careless = new Jenkins({ baseUrl: url.href.replace(/\/$/, ''), crumbIssuer: false });
    await expectAsync(careless.job.build({ name: 'crumbs' })).toBeRejectedWithError(/forbidden|403/i);
    await pause(20);
  }, 30_000);

  it('a build ends at once by term, whatever it does', async () => {
    await controller.inline('stubborn', stageOf(`sh 'trap "" TERM; echo armed; while :; do sleep 1; done'`));
    const number = await controller.trigger('stubborn');
    await controller.logContains('stubborn', number, '\narmed');
    await controller.client.build.term('stubborn', number);
    expect((await controller.follow('stubborn', number)).result).toBe('ABORTED');
  }, 30_000);
});
