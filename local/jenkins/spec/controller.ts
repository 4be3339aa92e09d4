import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
// The client has no types of its own.
import Jenkins from 'jenkins';

const main = resolve(import.meta.dirname, '../src/main.js');
export const token = 'contract-spec-token';
export const password = 'contract spec password';
export const user = 'admin';

export interface Finished {
  number: number;
  result: string;
  log: string;
}

/** A real controller process on a temporary home and a free port, and the real npm client for it. */
export class Controller {
  private directory?: string;
  private child?: ChildProcess;
  private port = 0;

  /** Made when it is first needed: a suite that is filtered out leaves nothing behind. */
  get root(): string {
    this.directory ??= mkdtempSync(join(tmpdir(), 'coalmine-jenkins-'));
    return this.directory;
  }

  get home(): string {
    return join(this.root, 'home');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get client(): Jenkins {
    return new Jenkins({ baseUrl: `http://${user}:${token}@127.0.0.1:${this.port}` });
  }

  get authorization(): string {
    return `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { authorization: this.authorization, ...init.headers },
    });
  }

  /** A request without credentials, by a client that is no browser (Node's fetch passes for one). */
  async anonymous(path: string): Promise<{ status: number; header(name: string): string | undefined }> {
    return new Promise((done, fail) => {
      get(`${this.url}${path}`, (response) => {
        response.resume();
        const header = (name: string): string | undefined => response.headers[name]?.toString();
        done({ status: response.statusCode ?? 0, header });
      }).on('error', fail);
    });
  }

  async json<T>(path: string): Promise<T> {
    return (await (await this.fetch(path)).json()) as T;
  }

  async start(extra: Record<string, string> = {}): Promise<void> {
    this.port ||= await freePort();
    this.child = spawn(process.execPath, [main, 'serve'], {
      env: {
        ...process.env,
        COALMINE_JENKINS_HOME: this.home,
        COALMINE_JENKINS_PORT: String(this.port),
        COALMINE_CACHE_DIR: join(tmpdir(), 'coalmine-spec-cache'),
        JENKINS_USER: user,
        JENKINS_TOKEN: token,
        JENKINS_PASSWORD: password,
        ...extra,
      },
      stdio: 'ignore',
    });
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if (
        await fetch(`${this.url}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
      await pause(50);
    }
    throw new Error('the controller does not start');
  }

  /** The most memory that the controller itself has used, in MiB. */
  peakMemory(): number {
    const status = readFileSync(`/proc/${this.child?.pid ?? 0}/status`, 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A repository with these files, committed. */
  repository(name: string, files: Record<string, string>): string {
    const directory = join(this.root, name);
    mkdirSync(directory, { recursive: true });
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', directory]);
    this.commit(directory, files);
    return directory;
  }

  commit(directory: string, files: Record<string, string>, message = 'a commit'): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const identity = ['-c', 'user.name=spec', '-c', 'user.email=spec@example.com'];
    execFileSync('git', ['-C', directory, 'add', '--all']);
    execFileSync('git', [
      '-C',
      directory,
      ...identity,
      'commit',
      '--quiet',
      '--allow-empty',
      '--message',
      message,
    ]);
    return execFileSync('git', ['-C', directory, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  }

  async trigger(job: string, parameters?: Record<string, string>): Promise<number> {
    const item = await this.client.job.build({ name: job, ...(parameters ? { parameters } : {}) });
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const { executable } = await this.client.queue.item(item);
      if (executable) return executable.number;
      await pause(20);
    }
    throw new Error(`item ${item} stays in the queue`);
  }

  /** Follows the log to the end, as a hook does. */
  async follow(job: string, number: number): Promise<Finished> {
    const stream = this.client.build.logStream({ name: job, number, type: 'text', delay: 50 });
    let log = '';
    stream.on('data', (text: string) => (log += text));
    await new Promise<void>((done, fail) => {
      stream.on('end', done);
      stream.on('error', fail);
    });
    const { result } = await this.client.build.get(job, number);
    return { number, result: String(result), log };
  }

  async run(job: string, parameters?: Record<string, string>): Promise<Finished> {
    return this.follow(job, await this.trigger(job, parameters));
  }

  /** A job with an inline pipeline. */
  async inline(name: string, script: string): Promise<void> {
    await this.client.job.create(name, inlineXml(script));
  }

  async logContains(job: string, number: number, text: string): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if ((await (await this.fetch(`/job/${job}/${number}/consoleText`)).text()).includes(text)) return;
      await pause(25);
    }
    throw new Error(`‘${text}’ does not appear in the log of ${job} #${number}`);
  }
}

export function inlineXml(script: string): string {
  return `<?xml version='1.1' encoding='UTF-8'?><flow-definition plugin="workflow-job"><properties/>
<definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"><script>${escape(script)}</script><sandbox>true</sandbox></definition></flow-definition>`;
}

/** A pipeline job from a repository, with string parameters. */
export function scmXml(url: string, parameters: string[]): string {
  const definitions = parameters.map(
    (name) =>
      `<hudson.model.StringParameterDefinition><name>${name}</name><defaultValue></defaultValue></hudson.model.StringParameterDefinition>`,
  );
  return `<?xml version='1.1' encoding='UTF-8'?><flow-definition plugin="workflow-job"><description>spec &amp; job</description><properties>
<hudson.model.ParametersDefinitionProperty><parameterDefinitions>${definitions.join('')}</parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties>
<definition class="org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition"><scm class="hudson.plugins.git.GitSCM"><userRemoteConfigs><hudson.plugins.git.UserRemoteConfig><url>${escape(url)}</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs>
<branches><hudson.plugins.git.BranchSpec><name>*/main</name></hudson.plugins.git.BranchSpec></branches></scm><scriptPath>Jenkinsfile</scriptPath></definition></flow-definition>`;
}

/** A pipeline of one stage with these steps. */
export function stageOf(steps: string): string {
  return `pipeline {\n  agent any\n  stages {\n    stage('Only') {\n      steps {\n${steps}\n      }\n    }\n  }\n}\n`;
}

/** A pipeline of these stages, with more sections before and after them. */
export function pipeline(stages: string, before = '', after = ''): string {
  return `pipeline {\nagent any\n${before}\nstages {\n${stages}\n}\n${after}\n}\n`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
