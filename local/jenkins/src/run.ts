import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Build, Outcome } from './build.js';
import type { Credentials } from './credentials.js';
import type { Frame, Groovy, GroovyProcess } from './groovy.js';
import type { Job, Jobs } from './job.js';
import type { Locks } from './locks.js';
import { killLeftovers } from './processes.js';
import type { Queue } from './queue.js';
import { record } from './record.js';
import { Requests } from './requests.js';
import { startFrame } from './start-frame.js';
import { Workspace, type Revision } from './workspace.js';

export interface RunContext {
  groovy: Groovy;
  jobs: Jobs;
  queue: Queue;
  locks: Locks;
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
  private readonly requests: Requests;
  readonly workspace: string;

  constructor(
    private readonly context: RunContext,
    readonly input: RunInput,
  ) {
    const suffix = input.slot === 1 ? '' : `@${input.slot}`;
    this.workspace = join(input.job.directory, `workspace${suffix}`);
    this.requests = new Requests(context, input);
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
    this.requests.release();
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
      const refspecs = this.expand(definition.refspec).split(/\s+/).filter(Boolean);
      const commit = this.parameter('COMMIT');
      revision = await workspace.fetch({ url, commit, branch, refspecs, since: this.previousCommit() });
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
    this.groovy.send(startFrame(this.context, this.input, this.workspace, { script, library, revision }));
    return this.follow(this.groovy);
  }

  private async follow(groovy: GroovyProcess): Promise<Outcome> {
    const { build } = this.input;
    const errors = groovy.errors();
    for await (const frames of groovy.frames()) {
      const lines = frames.filter(({ t }) => t === 'log').map(({ s }) => `${String(s)}\n`);
      if (lines.length > 0) build.append(lines.join(''));
      for (const frame of frames) this.take(frame, groovy);
      if (this.result) return this.result;
    }
    const text = await errors;
    if (!this.abortedBy) build.append(`The pipeline's process ended unexpectedly\n${text}`);
    return this.abortedBy?.result ?? 'FAILURE';
  }

  private take(frame: Frame, groovy: GroovyProcess): void {
    if (frame.t === 'ask') {
      void this.requests
        .answer(frame)
        .then((answer) => groovy.send({ t: 'answer', id: frame.id, ...answer }));
      return;
    }
    this.result = record(frame, this.input.job, this.input.build) ?? this.result;
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
