import type { Build } from '../build.js';
import type { View } from './views.js';

/** `testReport/api/json`; undefined when the build published none. */
export function testsView(build: Build): View | undefined {
  const { tests } = build.record;
  const suites = build.testSuites;
  if (!tests || !suites) return undefined;
  return {
    _class: 'hudson.tasks.junit.TestResult',
    duration: suites.reduce((sum, { duration }) => sum + duration, 0),
    empty: tests.totalCount === 0,
    failCount: tests.failCount,
    passCount: tests.totalCount - tests.failCount - tests.skipCount,
    skipCount: tests.skipCount,
    suites: suites.map(({ name, duration, cases }) => ({
      name,
      duration,
      cases: cases.map((entry) => ({
        ...entry,
        age: 0,
        failedSince: 0,
        skipped: entry.status === 'SKIPPED',
      })),
    })),
  };
}

/** `TOOL/api/json` of the warnings plugin; undefined when that tool published nothing. */
export function issuesView(build: Build, tool: string): View | undefined {
  const issues = build.issues(tool);
  if (!issues) return undefined;
  return {
    _class: 'io.jenkins.plugins.analysis.core.restapi.ReportApi',
    issues: issues.map((issue) => ({ ...issue, lineEnd: issue.lineStart })),
    size: issues.length,
  };
}

/** `wfapi/describe` of the stage view plugin. */
export function stagesView(path: string, build: Build): View {
  const { record } = build;
  const now = Date.now();
  return {
    _links: { self: { href: `${path}wfapi/describe` } },
    id: String(build.number),
    name: record.displayName,
    status: record.building
      ? record.inputs.length > 0
        ? 'PAUSED_PENDING_INPUT'
        : 'IN_PROGRESS'
      : statusOf(record.result),
    startTimeMillis: record.timestamp,
    endTimeMillis: record.building ? 0 : record.timestamp + record.duration,
    durationMillis: record.building ? now - record.timestamp : record.duration,
    queueDurationMillis: 0,
    pauseDurationMillis: 0,
    stages: record.stages.map((stage) => ({
      _links: { self: { href: `${path}execution/node/${stage.id}/wfapi/describe` } },
      id: String(stage.id),
      parent: stage.parent ? String(stage.parent) : null,
      name: stage.name,
      execNode: '',
      status: stage.status,
      startTimeMillis: stage.start,
      durationMillis: stage.status === 'IN_PROGRESS' ? now - stage.start : stage.duration,
      pauseDurationMillis: 0,
    })),
  };
}

/** `wfapi/pendingInputActions`: what the build asks people. */
export function pendingView(path: string, build: Build): View[] {
  return build.record.inputs.map(({ id, message, ok }) => ({
    id,
    message,
    proceedText: ok,
    proceedUrl: `${path}input/${id}/submit`,
    abortUrl: `${path}input/${id}/abort`,
    redirectApprovalUrl: `${path}input/`,
    inputs: [],
  }));
}

function statusOf(result: string | null): string {
  return result === 'FAILURE'
    ? 'FAILED'
    : result === 'NOT_BUILT'
      ? 'NOT_EXECUTED'
      : (result ?? 'IN_PROGRESS');
}
