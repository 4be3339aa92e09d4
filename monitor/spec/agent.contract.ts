import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAlertBook } from '@coalmine/fleet/alert-records.js';
import { readAlert } from '@coalmine/fleet/alerts.js';
import { readLatestSamples, type Sample } from '@coalmine/fleet/samples.js';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { LocalMail } from './local-mail.js';

const main = join(import.meta.dirname, '../src/main.js');

describe('the agent', () => {
  let folder: string;
  let redis: TestRedis;
  let reader: Redis;
  let mail: LocalMail;
  let busy: ChildProcess;
  let agent: TestService | null;

  const startAgent = async (settings: Record<string, string> = {}): Promise<TestService> => {
    agent = await TestService.start(main, {
      REDIS_URL: redis.url,
      ...{ COALMINE_HOST: 'canary-1', POOL: 'canary', SERVICE: `pid:${busy.pid}` },
      ...{ CPU_THRESHOLD: '10', MEMORY_THRESHOLD: '99', SUSTAINED_MS: '1000' },
      ...{ SMTP_URL: `smtp://127.0.0.1:${mail.smtpPort}`, MAIL_FROM: 'coalmine@example.com' },
      ...{ MAIL_TO: 'ops@example.com', STATE_DIRECTORY: folder },
      ...settings,
    });
    return agent;
  };
  const alert = () => readAlert(reader, 'canary');
  const samples = async (): Promise<readonly Sample[]> =>
    (await readLatestSamples(reader, ['canary-1'], 1000)).get('canary-1') ?? [];
  const subjects = async (): Promise<string[]> => (await mail.letters()).map(({ subject }) => subject);

  beforeEach(async () => {
    agent = null;
    folder = await mkdtemp(join(tmpdir(), 'coalmine-agent-'));
    redis = await TestRedis.start();
    reader = redis.client();
    mail = await LocalMail.prepare(folder);
    // A shell that forks the work: the agent has to count the whole tree.
    busy = spawn('sh', ['-c', 'while :; do :; done & wait'], { detached: true, stdio: 'ignore' });
  });

  afterEach(async () => {
    killGroup();
    await agent?.stop('SIGKILL');
    await mail.stop();
    reader.disconnect();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function killGroup(): void {
    try {
      process.kill(-(busy.pid ?? 0), 'SIGKILL');
    } catch {
      // gone already
    }
  }

  it('raises the alert of its pool, mails it with a chart, and takes it back when the load is gone', async () => {
    await mail.start();
    const { url } = await startAgent();
    expect(await soon(async () => (await alert()) !== null, 10_000)).toBeTrue();
    expect(await alert()).toEqual(
      jasmine.objectContaining({ host: 'canary-1', metric: 'cpu', threshold: 10 }),
    );
    expect((await alert())?.value).toBeGreaterThan(10);
    expect(await soon(async () => (await subjects()).length > 0, 10_000)).toBeTrue();
    const [letter] = await mail.letters();
    expect(letter?.subject).toContain('canary-1: CPU at');
    expect(letter?.text).toContain('production takes all of them');
    expect(letter?.html).toContain('src="data:image/png;base64,');
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /coalmine_alert_firing\{rule="cpu",severity="critical",part="monitor"\} 1/,
    );
    killGroup();
    expect(await soon(async () => (await alert()) === null, 10_000)).toBeTrue();
    expect(
      await soon(async () => (await subjects()).some((subject) => subject.includes('fine again')), 15_000),
    ).toBeTrue();
    expect((await subjects()).length).toBe(2);
  });

  it('loses no mail when the mail server is away and the agent falls meanwhile', async () => {
    const first = await startAgent();
    expect(await soon(() => first.output.join('').includes('not taken; trying again'), 15_000)).toBeTrue();
    await first.stop('SIGKILL');
    await mail.start();
    await startAgent();
    expect(await soon(async () => (await subjects()).length > 0, 10_000)).toBeTrue();
    // The second life takes the alert over, and does not tell it again.
    expect(await soon(async () => (await samples()).length >= 8, 10_000)).toBeTrue();
    expect((await subjects()).length).toBe(1);
    expect((await readAlertBook(reader)).records.get('canary-1/cpu')?.state).toBe('firing');
  });

  it('goes on without Redis: mails, keeps its samples, and brings all of it when Redis is back', async () => {
    await mail.start();
    const { output } = await startAgent({ SUSTAINED_MS: '3000' });
    expect(await soon(async () => (await samples()).length > 0, 10_000)).toBeTrue();
    await redis.kill();
    expect(await soon(() => output.join('').includes('"state":"firing"'), 10_000)).toBeTrue();
    expect(await soon(async () => (await subjects()).length > 0, 15_000)).toBeTrue();
    await redis.resume();
    expect(await soon(async () => (await alert()) !== null, 10_000)).toBeTrue();
    expect(await soon(async () => (await samples()).length > 5)).toBeTrue();
    const times = (await samples()).map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(2500);
    expect((await subjects()).length).toBe(1);
  });

  it('counts all processes of the service, and notices that it ends', async () => {
    await startAgent({ CPU_THRESHOLD: '100' });
    expect(await soon(async () => ((await samples()).at(-1)?.service?.cpu ?? 0) > 10, 10_000)).toBeTrue();
    const latest = (await samples()).at(-1);
    expect(latest?.service?.processes).toBe(2);
    expect(latest?.service?.startedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(latest?.droplet.memory).toBeGreaterThan(1);
    expect(latest?.droplet.disk).toBeGreaterThan(0);
    killGroup();
    expect(await soon(async () => (await samples()).at(-1)?.service === null, 10_000)).toBeTrue();
  });
});
