import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import Client, { type BuildInfo } from 'jenkins';
import { jobXml } from './jenkins-job.js';
import { Problem, reasonOf } from './problem.js';
import { required, type Environment } from './environment.js';

/** What a build is asked to do; the names are the job's parameters. */
export interface BuildParameters {
  /** Repository to fetch the commit from; empty for the job's own. */
  REPO: string;
  COMMIT: string;
  BRANCH: string;
  TARGET: 'none' | 'canary' | 'prod';
  ACTION: 'build' | 'deploy' | 'rollback' | 'promote' | 'scale';
  /** For `scale`: how many production droplets there shall be. */
  COUNT?: string;
}

export interface BuildResult {
  number: number;
  url: string;
  green: boolean;
  result: string;
  durationMs: number;
}

const startDeadlineMs = 30 * 60_000;

/** One job in one Jenkins. */
export class Jenkins {
  private readonly client: Client;
  readonly url: string;
  private readonly authorization: string;

  constructor(
    environment: Environment,
    private readonly jobName: string,
  ) {
    this.url = required(environment, 'JENKINS_URL').replace(/\/$/, '');
    const address = new URL(this.url);
    address.username = required(environment, 'JENKINS_USER');
    address.password = required(environment, 'JENKINS_TOKEN');
    const credentials = `${required(environment, 'JENKINS_USER')}:${required(environment, 'JENKINS_TOKEN')}`;
    this.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    // An API token needs no crumb, and the client would ask for one before every request.
    this.client = new Client({
      baseUrl: address.toString().replace(/\/$/, ''),
      crumbIssuer: false,
      timeout: 30_000,
    });
  }

  /** Throws a Problem when Jenkins is away or refuses the credentials. */
  async ping(): Promise<void> {
    await this.ask(() => this.client.info());
  }

  /** Creates the job, or brings its definition up to date. */
  async ensureJob(repository: string): Promise<void> {
    const xml = jobXml(repository, (await this.isLocal()) ? 'local' : 'remote');
    const exists = await this.ask(() => this.client.job.exists(this.jobName));
    await this.ask<unknown>(() =>
      exists ? this.client.job.config(this.jobName, xml) : this.client.job.create(this.jobName, xml),
    );
  }

  /** True for the Jenkins of the local cloud, which alone answers at /healthz and builds from a folder of this machine. */
  async isLocal(): Promise<boolean> {
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(this.url).hostname)) return false;
    return fetch(`${this.url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Queues a build and waits until it has a number. */
  async trigger(
    parameters: BuildParameters,
    onWait: (why: string) => void = () => undefined,
  ): Promise<BuildInfo> {
    const id = await this.ask(() =>
      this.client.job.build({ name: this.jobName, parameters: { ...parameters } }),
    );
    const deadline = Date.now() + startDeadlineMs;
    for (let told = ''; ;) {
      const item = await this.ask(() => this.client.queue.item(id));
      if (item.executable) return this.buildInfo(item.executable.number);
      if (item.cancelled) throw new Problem(`The build was cancelled in the queue of ${this.url}`);
      if (Date.now() > deadline)
        throw new Problem(`The build did not start in 30 minutes: ${item.why ?? ''}`, this.url);
      if (item.why && item.why !== told) onWait((told = item.why));
      await sleep(150);
    }
  }

  /** Streams a build's log until it has ended. */
  async follow(number: number, onText: (text: string) => void): Promise<BuildResult> {
    const stream = this.client.build.logStream({ name: this.jobName, number, delay: 200 });
    stream.on('data', (text: string) => onText(text));
    try {
      await once(stream, 'end');
    } catch (error) {
      throw this.problem(error);
    } finally {
      stream.end();
    }
    for (;;) {
      const info = await this.buildInfo(number);
      if (!info.building) return resultOf(info);
      await sleep(100);
    }
  }

  async buildInfo(number: number): Promise<BuildInfo> {
    return this.ask(() => this.client.build.get(this.jobName, number));
  }

  /** What a plugin published of a build (`testReport`, `checkstyle/all`), or null when there is nothing. */
  async report(number: number, path: string): Promise<unknown> {
    const address = `${this.buildUrl(number)}${path}/api/json`;
    const response = await fetch(address, { headers: { authorization: this.authorization } }).catch(
      () => null,
    );
    return response?.ok ? response.json() : null;
  }

  /** The latest build of a commit that was built (not only deployed), by its parameters; running ones too. */
  async findBuild(commit: string): Promise<BuildInfo | null> {
    const builds = await this.builds();
    const isOf = (build: BuildInfo): boolean =>
      parameter(build, 'COMMIT') === commit && parameter(build, 'ACTION') === 'build';
    return builds.find(isOf) ?? null;
  }

  /** True when some build of the commit went through all of test, lint and package. */
  async isGreen(commit: string): Promise<boolean> {
    return (await this.builds()).some((build) => build.result === 'SUCCESS' && builtAndTested(build, commit));
  }

  buildUrl(number: number): string {
    return `${this.url}/job/${encodeURIComponent(this.jobName)}/${number}/`;
  }

  private async builds(): Promise<BuildInfo[]> {
    const tree =
      'builds[number,url,building,result,duration,estimatedDuration,timestamp,actions[parameters[name,value],lastBuiltRevision[SHA1]]]';
    return (await this.ask(() => this.client.job.get({ name: this.jobName, tree }))).builds;
  }

  private async ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw this.problem(error);
    }
  }

  /** The client's error in words, without the address that carries the token. */
  private problem(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const status = (error as { res?: { statusCode?: number } }).res?.statusCode;
    const code = (error as { code?: string }).code;
    if (status === 401 || status === 403) {
      return new Problem(
        `Jenkins at ${this.url} refuses the credentials (${status})`,
        'Check JENKINS_USER and JENKINS_TOKEN.',
      );
    }
    if (status === undefined) {
      return new Problem(
        `Jenkins at ${this.url} does not answer${code ? ` (${code})` : ''}`,
        'Start it, or correct JENKINS_URL.',
      );
    }
    return new Problem(`Jenkins at ${this.url}: ${reasonOf(error).replaceAll(/\/\/[^@/\s]*@/g, '//')}`);
  }
}

export function parameter(build: BuildInfo, name: string): string | undefined {
  return build.actions
    .flatMap((action) => action.parameters ?? [])
    .find((candidate) => candidate.name === name)?.value;
}

/**
 * True when a build tested this very commit. What was asked for is not enough: a job that does not know COMMIT builds the
 * tip of its branch. What was checked out is not either: the shared library's commit stands beside the job's own.
 */
export function builtAndTested(build: BuildInfo, commit: string): boolean {
  if (parameter(build, 'ACTION') !== 'build') return false;
  const asked = parameter(build, 'COMMIT') ?? '';
  const checkedOut = new Set(build.actions.flatMap((action) => action.lastBuiltRevision?.SHA1 ?? []));
  if (asked === '') return checkedOut.size === 1 && checkedOut.has(commit);
  if (asked !== commit) return asked.length >= 7 && commit.startsWith(asked) && checkedOut.has(commit);
  return checkedOut.size === 0 || checkedOut.has(commit);
}

export function resultOf(info: BuildInfo): BuildResult {
  const result = info.result ?? 'RUNNING';
  return {
    number: info.number,
    url: info.url,
    green: result === 'SUCCESS',
    result,
    durationMs: info.duration,
  };
}
