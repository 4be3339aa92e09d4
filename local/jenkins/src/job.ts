import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadBuilds, type Build } from './build.js';
import { parseJobConfig, type JobConfig, type ParameterDefinition } from './job-config.js';
import { readJson, readText, writeAtomically, writeJson } from './store.js';

/** What a Jenkinsfile says about its job (`parameters {}`, `options {}`), known after its first run. */
export interface PipelineProperties {
  parameters?: ParameterDefinition[];
  concurrent?: boolean;
  abortPrevious?: boolean;
  keep?: number | null;
}

/** A pipeline job: its folder, its config.xml and its builds. */
export class Job {
  readonly builds = new Map<number, Build>();
  private parsed: JobConfig;
  private properties: PipelineProperties;
  private nextNumber: number;

  constructor(
    readonly name: string,
    readonly directory: string,
    private xml: string,
  ) {
    this.parsed = parseJobConfig(xml);
    this.properties = readJson<PipelineProperties>(join(directory, 'pipeline.json')) ?? {};
    this.nextNumber = Number(readText(join(directory, 'nextBuildNumber')) ?? 1);
    for (const build of loadBuilds(join(directory, 'builds'))) this.builds.set(build.number, build);
    this.nextNumber = Math.max(this.nextNumber, ...[...this.builds.keys()].map((number) => number + 1));
  }

  get configXml(): string {
    return this.xml;
  }

  set configXml(xml: string) {
    this.parsed = parseJobConfig(xml);
    this.xml = xml;
    writeAtomically(join(this.directory, 'config.xml'), xml);
  }

  /** The config with what the Jenkinsfile has added; of two definitions of a parameter the Jenkinsfile's holds. */
  get config(): JobConfig {
    const own = this.properties.parameters ?? [];
    const names = new Set(own.map(({ name }) => name));
    const keep = this.properties.keep ?? this.parsed.keep;
    return {
      ...this.parsed,
      concurrent: this.parsed.concurrent && this.properties.concurrent !== false,
      parameters: [...this.parsed.parameters.filter(({ name }) => !names.has(name)), ...own],
      ...(keep ? { keep } : {}),
    };
  }

  get abortPrevious(): boolean {
    return this.properties.abortPrevious ?? false;
  }

  get nextBuildNumber(): number {
    return this.nextNumber;
  }

  /** Newest first. */
  get history(): Build[] {
    return [...this.builds.values()].sort((a, b) => b.number - a.number);
  }

  learn(properties: PipelineProperties): void {
    this.properties = { ...this.properties, ...properties };
    writeJson(join(this.directory, 'pipeline.json'), this.properties);
  }

  takeNumber(): number {
    const number = this.nextNumber;
    this.nextNumber += 1;
    writeAtomically(join(this.directory, 'nextBuildNumber'), `${this.nextNumber}\n`);
    return number;
  }

  /** Deletes the oldest finished builds beyond what `buildDiscarder` keeps. */
  discardOld(): void {
    const { keep } = this.config;
    if (!keep) return;
    for (const build of this.history.slice(keep)) if (!build.record.building) this.remove(build);
  }

  remove(build: Build): void {
    this.builds.delete(build.number);
    rmSync(build.directory, { recursive: true, force: true });
  }
}

/** All jobs, by name; folders under `jobs/` like Jenkins'. */
export class Jobs {
  private readonly byName = new Map<string, Job>();

  constructor(private readonly root: string) {
    mkdirSync(root, { recursive: true });
    for (const name of readdirSync(root)) {
      if (name.startsWith('.deleted-')) rmSync(join(root, name), { recursive: true, force: true });
      const xml = readText(join(root, name, 'config.xml'));
      if (xml !== undefined) this.byName.set(name, new Job(name, join(root, name), xml));
    }
  }

  get all(): Job[] {
    return [...this.byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  get(name: string): Job | undefined {
    return this.byName.get(name);
  }

  /** Throws with Jenkins' words when the name is taken or no good. */
  create(name: string, xml: string): Job {
    checkName(name);
    if (this.byName.has(name)) throw new Error(`A job already exists with the name ‘${name}’`);
    parseJobConfig(xml);
    const directory = join(this.root, name);
    writeAtomically(join(directory, 'config.xml'), xml);
    const job = new Job(name, directory, xml);
    this.byName.set(name, job);
    return job;
  }

  /** Gives a job that does not build another name. Throws when that is taken or no good. */
  rename(job: Job, name: string): Job {
    checkName(name);
    if (this.byName.has(name)) throw new Error(`A job already exists with the name ‘${name}’`);
    const directory = join(this.root, name);
    renameSync(job.directory, directory);
    this.byName.delete(job.name);
    const renamed = new Job(name, directory, job.configXml);
    this.byName.set(name, renamed);
    return renamed;
  }

  delete(job: Job): void {
    this.byName.delete(job.name);
    const grave = join(this.root, `.deleted-${process.pid}-${Date.now()}`);
    if (existsSync(job.directory)) renameSync(job.directory, grave);
    rmSync(grave, { recursive: true, force: true, maxRetries: 3 });
  }
}

function checkName(name: string): void {
  if (name.trim() === '') throw new Error('No name is specified');
  if (name === '.' || name === '..') throw new Error(`A name cannot be ‘${name}’`);
  if (name.startsWith('.')) throw new Error(`‘${name}’: a name cannot start with a dot here`);
  // The same characters that Jenkins refuses.
  const unsafe = /[?*/\\%!@#$^&|<>[\]:;]/.exec(name)?.[0];
  if (unsafe) throw new Error(`‘${unsafe}’ is an unsafe character`);
  if (/\p{Cc}/u.test(name)) throw new Error('No control code is allowed');
}
