import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAlert } from '@coalmine/fleet/alerts.js';
import { keys } from '@coalmine/fleet/keys.js';
import { freePort, soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { SMTPServer } from 'smtp-server';

const main = join(import.meta.dirname, '../src/main.js');

describe('the agent', () => {
  let redis: TestRedis;
  let reader: Redis;
  let busy: ChildProcess;
  let agent: TestService;
  let mailServer: SMTPServer;
  let smtpPort: number;
  let mails: string[];
  let folder: string;

  const startMail = (): void => {
    mailServer = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        const heard: Buffer[] = [];
        stream.on('data', (data: Buffer) => heard.push(data));
        stream.on('end', () => {
          mails.push(Buffer.concat(heard).toString());
          done();
        });
      },
    });
    mailServer.listen(smtpPort, '127.0.0.1');
  };

  beforeEach(async () => {
    mails = [];
    folder = await mkdtemp(join(tmpdir(), 'coalmine-agent-'));
    redis = await TestRedis.start();
    reader = redis.client();
    smtpPort = await freePort();
    // A shell that forks the work: the agent has to count the whole tree.
    busy = spawn('sh', ['-c', 'while :; do :; done & wait'], { detached: true, stdio: 'ignore' });
    agent = await TestService.start(main, {
      REDIS_URL: redis.url,
      COALMINE_HOST: 'canary-1',
      POOL: 'canary',
      SERVICE: `pid:${busy.pid}`,
      CPU_THRESHOLD: '10',
      MEMORY_THRESHOLD: '99',
      SUSTAINED_MS: '1000',
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      MAIL_FROM: 'coalmine@example.com',
      MAIL_TO: 'ops@example.com',
      STATE_DIRECTORY: folder,
    });
  });

  afterEach(async () => {
    killGroup();
    await agent.stop('SIGKILL');
    mailServer.close();
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

  it('raises the alert of its pool, mails it, and takes it back when the load is gone', async () => {
    startMail();
    expect(await soon(async () => (await readAlert(reader, 'canary')) !== null, 10_000)).toBeTrue();
    const alert = await readAlert(reader, 'canary');
    expect(alert).toEqual(jasmine.objectContaining({ host: 'canary-1', metric: 'cpu', threshold: 10 }));
    expect(alert?.value).toBeGreaterThan(10);
    expect(await soon(() => mails.length > 0)).toBeTrue();
    expect(mails[0]).toContain('canary-1: CPU at');
    expect(mails[0]).toContain('production takes all of them');
    killGroup();
    expect(await soon(async () => (await readAlert(reader, 'canary')) === null, 10_000)).toBeTrue();
    const samples = await reader.xlen(keys.samples('canary-1'));
    expect(samples).toBeGreaterThan(2);
    expect(await (await fetch(`${agent.url}/metrics`)).text()).toContain(
      'coalmine_service_load_percent{metric="cpu"',
    );
  });

  it('raises it although the mail server is away, and mails when that is back', async () => {
    expect(await soon(async () => (await readAlert(reader, 'canary')) !== null, 10_000)).toBeTrue();
    startMail();
    expect(await soon(() => mails.length > 0, 15_000)).toBeTrue();
  });

  it('raises it as soon as Redis is back', async () => {
    startMail();
    await redis.kill();
    await soon(() => agent.output.join('').includes('"state":"firing"'), 10_000);
    await redis.resume();
    expect(await soon(async () => (await readAlert(reader, 'canary')) !== null, 10_000)).toBeTrue();
  });
});
