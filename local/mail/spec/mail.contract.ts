import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTransport } from 'nodemailer';

const main = resolve(import.meta.dirname, '../src/main.js');

interface Listed {
  messages: { id: string; subject: string; to: string[]; from: string }[];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

describe('local/mail', () => {
  let child: ChildProcess;
  let home: string;
  let page: string;
  let smtpPort: number;

  async function start(): Promise<void> {
    const pagePort = await freePort();
    child = spawn(process.execPath, [main], {
      env: {
        ...process.env,
        COALMINE_MAIL_HOME: home,
        COALMINE_MAIL_PORT: String(pagePort),
        COALMINE_SMTP_PORT: String(smtpPort),
        // The second address never exists; the first works all the same.
        COALMINE_SMTP_HOST: '127.0.0.1, 192.0.2.77',
      },
      stdio: 'ignore',
    });
    page = `http://127.0.0.1:${pagePort}`;
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (
        await fetch(`${page}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error('local/mail does not start');
  }

  async function stop(): Promise<void> {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }

  async function list(): Promise<Listed['messages']> {
    return ((await (await fetch(`${page}/api/messages`)).json()) as Listed).messages;
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'coalmine-mail-'));
    smtpPort = await freePort();
    await start();
  });
  afterAll(async () => {
    await stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('keeps a message over a restart, shows it escaped, and empties the box on request', async () => {
    await createTransport({ host: '127.0.0.1', port: smtpPort }).sendMail({
      from: 'coalmine@example.com',
      to: 'ops@example.com',
      subject: 'canary-1: cpu 91 % <script>alert(1)</script>',
      text: 'über 45 %',
      html: '<b>über</b> 45 %',
    });
    await stop();
    await start();
    const [message] = await list();
    expect(message?.subject).toBe('canary-1: cpu 91 % <script>alert(1)</script>');
    expect(message?.to).toEqual(['ops@example.com']);
    const shown = await (await fetch(`${page}/messages/${message?.id}`)).text();
    expect(shown).toContain('über 45 %');
    expect(shown).not.toContain('<script>');
    const html = await fetch(`${page}/messages/${message?.id}/html`);
    expect(html.headers.get('content-security-policy')).toContain('sandbox');
    expect(
      (await fetch(`${page}/api/messages`, { method: 'DELETE', headers: { origin: 'http://evil.example' } }))
        .status,
    ).toBe(403);
    await fetch(`${page}/api/messages`, { method: 'DELETE' });
    expect(await list()).toEqual([]);
  });

  it('says which port is in use and ends with an exit code', async () => {
    const other = spawn(process.execPath, [main], {
      env: {
        ...process.env,
        COALMINE_MAIL_HOME: home,
        COALMINE_MAIL_PORT: '0',
        COALMINE_SMTP_PORT: String(smtpPort),
      },
    });
    let text = '';
    other.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const code = await new Promise((done) => other.once('exit', done));
    expect(code).toBe(1);
    expect(text).toContain(`port ${smtpPort} on 127.0.0.1 is in use`);
  });
});
