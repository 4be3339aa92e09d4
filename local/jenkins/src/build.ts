import { appendFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from './store.js';

export type Outcome = 'SUCCESS' | 'UNSTABLE' | 'FAILURE' | 'NOT_BUILT' | 'ABORTED';
export type ParameterValue = string | boolean;

export interface StageRecord {
  id: number;
  parent?: number | null;
  name: string;
  status: string;
  start: number;
  duration: number;
}

export interface TestCase {
  className: string;
  name: string;
  duration: number;
  status: 'PASSED' | 'FAILED' | 'SKIPPED';
  errorDetails: string | null;
  errorStackTrace: string | null;
}

export interface TestSuite {
  name: string;
  duration: number;
  cases: TestCase[];
}

export interface Issue {
  fileName: string;
  lineStart: number;
  severity: string;
  message: string;
  type: string;
}

export interface Cause {
  _class: string;
  shortDescription: string;
  userId?: string;
  userName?: string;
}

export interface BuildRecord {
  number: number;
  queueId: number;
  timestamp: number;
  duration: number;
  building: boolean;
  result: Outcome | null;
  displayName: string;
  description: string | null;
  causes: Cause[];
  parameters: Record<string, ParameterValue>;
  /** Names of parameters whose value is not kept. */
  hidden: string[];
  scm?: { url: string; commit: string; branch: string | null };
  stages: StageRecord[];
  inputs: { id: string; message: string; ok: string }[];
  tests?: { failCount: number; skipCount: number; totalCount: number };
  issueTools: string[];
  error?: string;
  /** The last `milestone` that it has passed. */
  milestone?: number;
  /** Marks the build's processes in their environment, so that none is left behind. */
  cookie: string;
}

/** A build on disk: record, log, archived files. */
export class Build {
  constructor(
    readonly directory: string,
    readonly record: BuildRecord,
  ) {}

  get number(): number {
    return this.record.number;
  }

  get logPath(): string {
    return join(this.directory, 'log');
  }

  get logSize(): number {
    return existsSync(this.logPath) ? statSync(this.logPath).size : 0;
  }

  get archive(): string {
    return join(this.directory, 'archive');
  }

  get artifacts(): string[] {
    if (!existsSync(this.archive)) return [];
    return readdirSync(this.archive, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.archive.length + 1))
      .sort();
  }

  save(): void {
    writeJson(join(this.directory, 'build.json'), this.record);
  }

  append(text: string): void {
    appendFileSync(this.logPath, text);
  }

  end(result: Outcome): void {
    this.record.building = false;
    this.record.result = result;
    this.record.duration = Date.now() - this.record.timestamp;
    this.record.inputs = [];
    for (const stage of this.record.stages) {
      if (stage.status !== 'IN_PROGRESS') continue;
      stage.status = result === 'ABORTED' ? 'ABORTED' : 'FAILED';
      stage.duration = Date.now() - stage.start;
    }
    this.append(`Finished: ${result}\n`);
    this.save();
  }

  addTests(suites: TestSuite[]): void {
    const all = [...(this.testSuites ?? []), ...suites];
    const cases = all.flatMap((suite) => suite.cases);
    writeJson(join(this.directory, 'tests.json'), all);
    this.record.tests = {
      failCount: cases.filter(({ status }) => status === 'FAILED').length,
      skipCount: cases.filter(({ status }) => status === 'SKIPPED').length,
      totalCount: cases.length,
    };
    this.save();
  }

  get testSuites(): TestSuite[] | undefined {
    return readJson<TestSuite[]>(join(this.directory, 'tests.json'));
  }

  addIssues(tool: string, issues: Issue[]): void {
    if (!/^[\w-]+$/.test(tool)) return;
    if (!this.record.issueTools.includes(tool)) this.record.issueTools.push(tool);
    writeJson(join(this.directory, `issues-${tool}.json`), [...(this.issues(tool) ?? []), ...issues]);
    this.save();
  }

  issues(tool: string): Issue[] | undefined {
    if (!this.record.issueTools.includes(tool)) return undefined;
    return readJson<Issue[]>(join(this.directory, `issues-${tool}.json`));
  }
}

/** Makes the folder and the record of a new build. */
export function createBuild(
  directory: string,
  record: Omit<
    BuildRecord,
    'duration' | 'building' | 'result' | 'displayName' | 'description' | 'stages' | 'inputs' | 'issueTools'
  >,
): Build {
  mkdirSync(directory, { recursive: true });
  const build = new Build(directory, {
    ...record,
    duration: 0,
    building: true,
    result: null,
    displayName: `#${record.number}`,
    description: null,
    stages: [],
    inputs: [],
    issueTools: [],
  });
  build.append('');
  build.save();
  return build;
}

/** The builds in a folder; one without a readable record is left out. */
export function loadBuilds(directory: string): Build[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const record = readJson<BuildRecord>(join(directory, name, 'build.json'));
    return record ? [new Build(join(directory, name), record)] : [];
  });
}
