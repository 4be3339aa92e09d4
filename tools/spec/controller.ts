import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort, soon } from '@coalmine/fleet/testbed.js';
import { installation } from '../src/project.js';

const token = 'a-token-that-nobody-may-see';

/** The local Jenkins in a process of its own, reached as the tools reach any Jenkins: by URL, user and token. */
export class Controller {
  private child: ChildProcess | undefined;
  private port = 0;

  constructor(private readonly folder: string) {}

  /** What the tools need to reach it. */
  get environment(): Record<'JENKINS_URL' | 'JENKINS_USER' | 'JENKINS_TOKEN', string> {
    return {
      JENKINS_URL: `http://127.0.0.1:${this.port}`,
      JENKINS_USER: 'coalmine',
      JENKINS_TOKEN: token,
    };
  }

  async start(extra: Record<string, string> = {}): Promise<void> {
    this.port ||= await freePort();
    this.child = spawn(process.execPath, [join(installation, 'local/jenkins/dist/src/main.js'), 'serve'], {
      env: {
        ...process.env,
        ...this.environment,
        COALMINE_JENKINS_HOME: join(this.folder, 'jenkins'),
        COALMINE_JENKINS_PORT: String(this.port),
        ...extra,
      },
      stdio: 'ignore',
    });
    const answers = await soon(
      () =>
        fetch(`${this.environment.JENKINS_URL}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      20_000,
    );
    if (!answers) throw new Error('the local Jenkins does not start');
  }

  async stop(): Promise<void> {
    if (!this.child || this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}
