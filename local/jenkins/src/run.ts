import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Build, Issue, Outcome, StageRecord, TestSuite } from './build.js';
import type { Credentials } from './credentials.js';
import type { Frame, Groovy, GroovyProcess } from './groovy.js';
import type { Job } from './job.js';
import type { ParameterDefinition } from './job-config.js';
import { killLeftovers } from './processes.js';
import { Workspace, type Revision } from './workspace.js';

export interface RunContext {
  groovy: Groovy;
  credentials: Credentials;
  home: string;
  /** Where repositories without `vars/` have their shared library from. */
  library: string | undefined;
  /** The server's own address, ending with a slash. */
  url: string;
}

export interface RunInput {
  job: Job;
  build: Build;
  executor: number;
  /** 1 for `workspace`, 2 for `workspace@2` … */
  slot: number;
  parameters: Record<string, string | boolean>;
}

/** One build from its checkout to `Finished: …`. */
export class Run {
  private groovy?: GroovyProcess;
  private abortedBy?: { message: string; result: Outcome };
  private result: Outcome | undefined;
  readonly workspace: string;

  constructor(
    private readonly context: RunContext,
    readonly input: RunInput,
  ) {
    const suffix = input.slot === 1 ? '' : `@${input.slot}`;
    this.workspace = join(input.job.directory, `workspace${suffix}`);
  }

  /** Resolves when the build has ended and its record is on disk. Never rejects. */
  async run(): Promise<void> {
    const { build } = this.input;
    let result: Outcome;
    try {
      for (const cause of build.record.causes) build.append(`${cause.shortDescription}\n`);
      result = await this.pipeline();
    } catch (error) {
      build.record.error = (error as Error).message;
      build.append(`ERROR: ${(error as Error).message}\n`);
      result = 'FAILURE';
    }
    if (this.abortedBy && result === 'FAILURE' && !this.result) result = this.abortedBy.result;
    killLeftovers(build.record.cookie);
    rmSync(`${this.workspace}@tmp`, { recursive: true, force: true });
    rmSync(join(build.directory, 'stashes'), { recursive: true, force: true });
    build.end(result);
  }

  /** Ends the build: what runs gets SIGTERM, then `post` runs. Before the pipeline runs, there is none. */
  abort(by: string, result: Outcome = 'ABORTED'): void {
    this.abortedBy = { message: by, result };
    this.groovy?.send({ t: 'abort', message: by, result });
  }

  /** Ends the build at once, `post` or not. */
  kill(): void {
    this.abortedBy = { message: 'Hard kill', result: 'ABORTED' };
    // Groovy first: it would take the death of its shell for a failure.
    this.groovy?.kill();
    killLeftovers(this.input.build.record.cookie);
  }

  answerInput(id: string, user: string, abort: boolean, parameters: Record<string, string>): void {
    this.groovy?.send({ t: 'input', id, user, abort, parameters });
  }

  private async pipeline(): Promise<Outcome> {
    const { build, job } = this.input;
    const library = join(build.directory, 'library');
    const { definition } = job.config;
    mkdirSync(`${this.workspace}@tmp`, { recursive: true });
    let revision: Revision | undefined;
    let script: string | undefined;
    if (definition.kind === 'inline') {
      script = definition.script;
      mkdirSync(library, { recursive: true });
    } else {
      const workspace = new Workspace(this.workspace);
      const url = this.parameter('REPO') || this.expand(definition.url);
      const branch = this.expand(definition.branch);
      revision = await workspace.fetch(url, this.parameter('COMMIT'), branch, this.previousCommit());
      build.record.scm = { url, commit: revision.commit, branch: revision.branch };
      [script] = await Promise.all([
        workspace.show(revision.commit, definition.scriptPath),
        workspace.exportLibrary(revision.commit, library),
      ]);
      const shared = this.context.library && join(this.context.library, 'vars');
      if (shared && !existsSync(join(library, 'vars')))
        cpSync(shared, join(library, 'vars'), { recursive: true });
      if (script === undefined) {
        throw new Error(`Unable to find ${definition.scriptPath} from git ${url} at ${revision.commit}`);
      }
      build.append(`Obtained ${definition.scriptPath} from git ${url} at ${revision.commit}\n`);
    }
    build.save();
    if (this.abortedBy) {
      build.append(`${this.abortedBy.message}\n`);
      return this.abortedBy.result;
    }
    this.groovy = this.context.groovy.take();
    this.groovy.send(this.start(script, library, revision));
    return this.follow(this.groovy);
  }

  private async follow(groovy: GroovyProcess): Promise<Outcome> {
    const { build } = this.input;
    const errors = groovy.errors();
    for await (const frames of groovy.frames()) {
      const lines = frames.filter(({ t }) => t === 'log').map(({ s }) => `${String(s)}\n`);
      if (lines.length > 0) build.append(lines.join(''));
      for (const frame of frames) this.take(frame);
      if (this.result) return this.result;
    }
    const text = await errors;
    if (!this.abortedBy) build.append(`The pipeline's process ended unexpectedly\n${text}`);
    return this.abortedBy?.result ?? 'FAILURE';
  }

  private take(frame: Frame): void {
    const { build, job } = this.input;
    const { record } = build;
    switch (frame.t) {
      case 'stage': {
        const { id, parent, name, status, start, duration } = frame as Frame & StageRecord;
        record.stages = [
          ...record.stages.filter((stage) => stage.id !== id),
          { id, parent: parent ?? null, name, status, start, duration },
        ].sort((a, b) => a.id - b.id);
        build.save();
        break;
      }
      case 'build':
        if (typeof frame.displayName === 'string') record.displayName = frame.displayName;
        if (typeof frame.description === 'string') record.description = frame.description;
        build.save();
        break;
      case 'result':
        record.result = frame.result as Outcome;
        build.save();
        break;
      case 'parameters':
        job.learn({ parameters: frame.definitions as ParameterDefinition[] });
        break;
      case 'properties':
        job.learn({
          concurrent: frame.concurrent as boolean,
          abortPrevious: frame.abortPrevious as boolean,
          keep: frame.keep as number | null,
        });
        break;
      case 'tests':
        build.addTests(frame.suites as TestSuite[]);
        break;
      case 'issues':
        build.addIssues(String(frame.id), frame.issues as Issue[]);
        break;
      case 'input': {
        const { id, message, ok, done } = frame as Frame & { id: string; message: string; ok: string };
        record.inputs = record.inputs.filter((input) => input.id !== id);
        if (!done) record.inputs.push({ id, message, ok });
        build.save();
        break;
      }
      case 'end':
        if (typeof frame.error === 'string') record.error = frame.error;
        this.result = frame.result as Outcome;
        break;
    }
  }

  private start(script: string, library: string, revision: Revision | undefined): Frame {
    const { build, job, parameters } = this.input;
    const { record } = build;
    const previous = job.history.find(
      ({ number, record: other }) => number < build.number && !other.building,
    );
    return {
      t: 'start',
      script,
      library,
      workspace: this.workspace,
      temporary: `${this.workspace}@tmp`,
      directory: build.directory,
      env: this.environment(),
      params: parameters,
      secrets: secretsOf(process.env),
      credentials: this.context.credentials.all,
      scm: revision ?? {},
      build: {
        number: build.number,
        job: job.name,
        url: this.buildUrl,
        timestamp: record.timestamp,
        displayName: record.displayName,
        description: null,
        causes: record.causes,
        previous: previous && {
          number: previous.number,
          result: previous.record.result,
          currentResult: previous.record.result,
          displayName: previous.record.displayName,
          description: previous.record.description,
          duration: previous.record.duration,
        },
      },
    };
  }

  private get buildUrl(): string {
    return `${this.context.url}job/${encodeURIComponent(this.input.job.name)}/${this.input.build.number}/`;
  }

  private environment(): Record<string, string> {
    const { build, job, executor } = this.input;
    const number = String(build.number);
    const inherited = Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !/^(GIT_|npm_)/.test(entry[0]),
    );
    return {
      ...Object.fromEntries(inherited),
      BUILD_ID: number,
      BUILD_NUMBER: number,
      BUILD_DISPLAY_NAME: `#${number}`,
      BUILD_TAG: `jenkins-${job.name}-${number}`,
      BUILD_URL: this.buildUrl,
      CI: 'true',
      EXECUTOR_NUMBER: String(executor),
      HUDSON_URL: this.context.url,
      JENKINS_HOME: this.context.home,
      JENKINS_NODE_COOKIE: build.record.cookie,
      JENKINS_URL: this.context.url,
      JOB_BASE_NAME: job.name,
      JOB_NAME: job.name,
      JOB_URL: `${this.context.url}job/${encodeURIComponent(job.name)}/`,
      RUN_DISPLAY_URL: this.buildUrl,
      HOSTNAME: process.env.HOSTNAME ?? hostname(),
    };
  }

  private previousCommit(): string | undefined {
    const { job, build } = this.input;
    return job.history.find(({ number, record }) => number < build.number && record.scm)?.record.scm?.commit;
  }

  private parameter(name: string): string {
    return String(this.input.parameters[name] ?? '').trim();
  }

  private expand(text: string): string {
    return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced?: string, bare?: string) =>
      this.parameter(braced ?? bare ?? ''),
    );
  }
}

export function newCookie(): string {
  return randomUUID();
}

/** The values of the server's own variables that name a secret: masked in every log. */
export function secretsOf(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value && value.length >= 8 && /(TOKEN|PASSWORD|SECRET|API_KEY)$/.test(name) ? [value] : [],
  );
}
