import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import type { Logger } from 'pino';

const sources = resolve(import.meta.dirname, '../../src/runtime');

/** A frame of the runtime's stream: `t` says what it is. */
export interface Frame {
  t: string;
  [field: string]: unknown;
}

const processOptions = {
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
  buffer: false,
  reject: false,
  // A group of its own: Ctrl-C at the server's terminal is the server's affair.
  detached: true,
  cleanup: false,
  extendEnv: false,
} as const;

/** A Java process that runs one build (or one validation) and talks in JSON lines. */
export class GroovyProcess {
  readonly process: ResultPromise<typeof processOptions>;

  constructor(jvmArguments: string[]) {
    this.process = execa('java', jvmArguments, {
      ...processOptions,
      // Java takes the encoding of file names and variables from the locale.
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/', LC_ALL: 'C.UTF-8' },
    });
    // The process may end while we write; its end is reported by `frames`.
    this.process.stdin.on('error', () => undefined);
  }

  send(command: Frame): void {
    this.process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** Frames in order, in the batches they came in; memory stays flat however much comes. */
  async *frames(): AsyncGenerator<Frame[]> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of this.process.stdout as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield lines.filter(Boolean).map((line) => JSON.parse(line) as Frame);
    }
  }

  /** What the JVM itself said when it broke. */
  async errors(): Promise<string> {
    let text = '';
    for await (const chunk of this.process.stderr as AsyncIterable<Uint8Array>) {
      if (text.length < 20_000) text += Buffer.from(chunk).toString();
    }
    return text;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}

const successorAfterMs = 10_000;

/** The compiled runtime and one process that is ready before it is needed. */
export class Groovy {
  private warm?: GroovyProcess;
  private stopped = false;
  private runtime?: { jar: string; archive: string };

  constructor(
    private readonly cache: string,
    private readonly groovyJar: string,
    private readonly log: Logger,
  ) {}

  /** Compiles the runtime unless the cache has it, and starts the waiting process. */
  async prepare(): Promise<void> {
    if (!existsSync(this.groovyJar)) {
      throw new Error(
        `${this.groovyJar} is missing: install Debian's groovy package, or set COALMINE_GROOVY_JAR`,
      );
    }
    const files = readdirSync(sources)
      .filter((name) => name.endsWith('.groovy'))
      .sort()
      .map((name) => join(sources, name));
    const key = createHash('sha256').update(realpathSync(this.groovyJar));
    for (const file of files) key.update(readFileSync(file));
    const folder = join(this.cache, 'jenkins-runtime', key.digest('hex').slice(0, 16));
    this.runtime = { jar: join(folder, 'runtime.jar'), archive: join(folder, 'runtime.jsa') };
    if (!existsSync(this.runtime.jar)) await this.compile(files, folder);
    this.warmUp();
    if (!existsSync(this.runtime.archive)) void this.archiveClasses(this.runtime);
  }

  /**
   * The waiting process, or a new one. Another takes its place when it has ended, or is at work for long: the first
   * seconds of a build shall not be shared with the start of a process that nobody waits for.
   */
  take(): GroovyProcess {
    const taken = this.warm ?? this.start();
    this.warm = undefined;
    const later = setTimeout(() => this.warmUp(), successorAfterMs);
    void taken.process.finally(() => {
      clearTimeout(later);
      this.warmUp();
    });
    return taken;
  }

  stop(): void {
    this.stopped = true;
    this.warm?.kill();
    this.warm = undefined;
  }

  private warmUp(): void {
    if (this.warm || this.stopped) return;
    const started = this.start();
    this.warm = started;
    void started.process.finally(() => {
      if (this.warm === started) this.warm = undefined;
    });
  }

  private start(): GroovyProcess {
    if (!this.runtime) throw new Error('the Groovy runtime is not prepared');
    const { jar, archive } = this.runtime;
    const shared = existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto'] : [];
    return new GroovyProcess([...shared, ...this.jvm(jar)]);
  }

  private jvm(jar: string): string[] {
    return [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xmx512m',
      '-Dfile.encoding=UTF-8',
      '-cp',
      `${this.groovyJar}:${jar}`,
      'coalmine.Main',
    ];
  }

  private async compile(files: string[], folder: string): Promise<void> {
    const since = Date.now();
    const temporary = `${folder}.${process.pid}`;
    mkdirSync(temporary, { recursive: true });
    try {
      const compiler = join(sources, 'compile/Compile.groovy');
      const jar = join(temporary, 'runtime.jar');
      await execa('java', ['-cp', this.groovyJar, 'groovy.ui.GroovyMain', compiler, jar, ...files]);
      if (!existsSync(folder)) renameSync(temporary, folder);
    } catch (error) {
      throw new Error(`the Groovy runtime does not compile: ${(error as Error).message}`, { cause: error });
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    this.log.info({ ms: Date.now() - since }, 'compiled the Groovy runtime');
  }

  // The archive of loaded classes halves the start; the JVM ignores one that does not fit.
  private async archiveClasses({ jar, archive }: { jar: string; archive: string }): Promise<void> {
    const temporary = `${archive}.${process.pid}`;
    await execa('java', [`-XX:ArchiveClassesAtExit=${temporary}`, ...this.jvm(jar)], {
      stdin: 'ignore',
      reject: false,
    });
    if (existsSync(temporary)) renameSync(temporary, archive);
  }
}
