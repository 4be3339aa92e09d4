import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { freePort, soon } from '@coalmine/fleet/testbed.js';

const main = resolve(import.meta.dirname, '../../../local/mail/dist/src/main.js');

export interface Letter {
  id: string;
  subject: string;
  to: string[];
  text: string;
  html: string | null;
}

/** The local mail server as a process of its own, which can go away and come back. */
export class LocalMail {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly home: string,
    readonly smtpPort: number,
    private readonly pagePort: number,
  ) {}

  static async prepare(folder: string): Promise<LocalMail> {
    return new LocalMail(join(folder, 'mail'), await freePort(), await freePort());
  }

  async start(): Promise<void> {
    this.child = spawn(process.execPath, [main], {
      env: {
        ...process.env,
        ...{ COALMINE_MAIL_HOME: this.home, COALMINE_MAIL_PORT: String(this.pagePort) },
        ...{ COALMINE_SMTP_PORT: String(this.smtpPort), COALMINE_SMTP_HOST: '127.0.0.1' },
      },
      stdio: 'ignore',
    });
    if (
      !(await soon(
        () =>
          this.letters().then(
            () => true,
            () => false,
          ),
        10_000,
      ))
    )
      throw new Error('local/mail does not start');
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  }

  /** What has come in, newest first, with its bodies. */
  async letters(): Promise<Letter[]> {
    const { messages } = (await this.get('')) as { messages: { id: string }[] };
    return Promise.all(messages.map(({ id }) => this.get(`/${id}`) as Promise<Letter>));
  }

  private async get(path: string): Promise<unknown> {
    return (await fetch(`http://127.0.0.1:${this.pagePort}/api/messages${path}`)).json();
  }
}
