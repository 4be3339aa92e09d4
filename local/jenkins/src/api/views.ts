import type { Build, BuildRecord } from '../build.js';
import type { Job } from '../job.js';
import type { ParameterDefinition } from '../job-config.js';
import type { Queue, QueueItem } from '../queue.js';
import { version } from '../auth.js';

/** JSON as Jenkins' remote API shows things; below `depth` there are only references. */
export type View = Record<string, unknown>;

const colors: Record<string, string> = {
  SUCCESS: 'blue',
  UNSTABLE: 'yellow',
  FAILURE: 'red',
  ABORTED: 'aborted',
  NOT_BUILT: 'notbuilt',
};

export function jobUrl(base: string, job: Job): string {
  return `${base}job/${encodeURIComponent(job.name)}/`;
}

export function color(job: Job): string {
  if (job.config.disabled) return 'disabled';
  const [newest] = job.history;
  const last = job.history.find(({ record }) => !record.building);
  const name = colors[last?.record.result ?? 'NOT_BUILT'] ?? 'notbuilt';
  return newest?.record.building ? `${name}_anime` : name;
}

export function rootView(base: string, jobs: Job[], queue: Queue, executors: number, depth: number): View {
  const view = { _class: 'hudson.model.AllView', name: 'all', url: base };
  return {
    _class: 'hudson.model.Hudson',
    assignedLabels: [{ name: 'built-in' }],
    mode: 'NORMAL',
    nodeDescription: 'the Jenkins controller’s built-in node',
    nodeName: '',
    numExecutors: executors,
    description: null,
    jobs: jobs.map((job) => (depth > 0 ? jobView(base, job, queue, depth - 1) : jobReference(base, job))),
    primaryView: view,
    quietingDown: false,
    slaveAgentPort: -1,
    url: base,
    useCrumbs: true,
    useSecurity: true,
    views: [view],
    version,
  };
}

function jobReference(base: string, job: Job): View {
  return {
    _class: 'org.jenkinsci.plugins.workflow.job.WorkflowJob',
    name: job.name,
    url: jobUrl(base, job),
    color: color(job),
  };
}

export function jobView(base: string, job: Job, queue: Queue, depth: number, asked = ''): View {
  const { config, history } = job;
  const reference = (build: Build | undefined): View | null =>
    build ? (depth > 0 ? buildView(base, job, build) : buildReference(base, job, build)) : null;
  const last = (matches: (record: BuildRecord) => boolean): View | null =>
    reference(history.find(({ record }) => matches(record)));
  const definitions = config.parameters.map(parameterView);
  const queued = queue.waiting.find((item) => item.job === job);
  return {
    ...jobReference(base, job),
    actions:
      definitions.length > 0
        ? [{ _class: 'hudson.model.ParametersDefinitionProperty', parameterDefinitions: definitions }]
        : [],
    description: config.description,
    displayName: job.name,
    displayNameOrNull: null,
    fullDisplayName: job.name,
    fullName: job.name,
    buildable: !config.disabled,
    get builds() {
      return history.slice(0, 100).map(reference);
    },
    // As on Jenkins, only where a tree asks for it.
    ...(asked.includes('allBuilds') ? { allBuilds: history.map(reference) } : {}),
    firstBuild: reference(history.at(-1)),
    healthReport: [],
    inQueue: queued !== undefined,
    keepDependencies: false,
    lastBuild: reference(history[0]),
    lastCompletedBuild: last(({ building }) => !building),
    lastFailedBuild: last(({ building, result }) => !building && result === 'FAILURE'),
    lastStableBuild: last(({ building, result }) => !building && result === 'SUCCESS'),
    lastSuccessfulBuild: last(
      ({ building, result }) => !building && (result === 'SUCCESS' || result === 'UNSTABLE'),
    ),
    lastUnstableBuild: last(({ building, result }) => !building && result === 'UNSTABLE'),
    lastUnsuccessfulBuild: last(({ building, result }) => !building && result !== 'SUCCESS'),
    nextBuildNumber: job.nextBuildNumber,
    property:
      definitions.length > 0
        ? [{ _class: 'hudson.model.ParametersDefinitionProperty', parameterDefinitions: definitions }]
        : [],
    queueItem: queued ? itemView(base, queued, queue) : null,
    concurrentBuild: config.concurrent,
    disabled: config.disabled,
    resumeBlocked: false,
  };
}

function parameterView({ kind, name, description, choices, defaultValue }: ParameterDefinition): View {
  const type = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
  return {
    _class: `hudson.model.${type}ParameterDefinition`,
    defaultParameterValue: {
      _class: `hudson.model.${valueType(defaultValue)}ParameterValue`,
      name,
      value: defaultValue,
    },
    description,
    name,
    type: `${type}ParameterDefinition`,
    ...(choices ? { choices } : {}),
  };
}

function valueType(value: string | boolean): string {
  return typeof value === 'boolean' ? 'Boolean' : 'String';
}

export function buildUrl(base: string, job: Job, build: Build): string {
  return `${jobUrl(base, job)}${build.number}/`;
}

export function buildReference(base: string, job: Job, build: Build): View {
  return {
    _class: 'org.jenkinsci.plugins.workflow.job.WorkflowRun',
    number: build.number,
    url: buildUrl(base, job, build),
  };
}

export function buildView(base: string, job: Job, build: Build): View {
  const { record } = build;
  const completed = job.history
    .filter((other) => !other.record.building && other.record.result === 'SUCCESS')
    .slice(0, 5);
  const estimate = completed.reduce((sum, other) => sum + other.record.duration, 0) / completed.length;
  const next = job.builds.get(build.number + 1);
  const previous = job.builds.get(build.number - 1);
  return {
    ...buildReference(base, job, build),
    actions: actionsView(record),
    get artifacts() {
      return build.artifacts.map((path) => ({
        displayPath: path.split('/').at(-1),
        fileName: path.split('/').at(-1),
        relativePath: path,
      }));
    },
    building: record.building,
    description: record.description,
    displayName: record.displayName,
    duration: record.building ? 0 : record.duration,
    estimatedDuration: Number.isFinite(estimate) ? Math.round(estimate) : -1,
    executor: record.building ? { _class: 'hudson.model.OneOffExecutor' } : null,
    fullDisplayName: `${job.name} ${record.displayName}`,
    id: String(build.number),
    inProgress: record.building,
    keepLog: false,
    queueId: record.queueId,
    result: record.result,
    timestamp: record.timestamp,
    changeSets: [],
    culprits: [],
    nextBuild: next ? buildReference(base, job, next) : null,
    previousBuild: previous ? buildReference(base, job, previous) : null,
  };
}

function actionsView(record: BuildRecord): View[] {
  const actions: View[] = [{ _class: 'hudson.model.CauseAction', causes: record.causes }];
  const parameters = Object.entries(record.parameters);
  if (parameters.length + record.hidden.length > 0) {
    actions.push({ _class: 'hudson.model.ParametersAction', parameters: parametersView(record) });
  }
  if (record.scm) {
    const { commit, branch, url } = record.scm;
    actions.push({
      _class: 'hudson.plugins.git.util.BuildData',
      lastBuiltRevision: { SHA1: commit, branch: [{ SHA1: commit, name: branch ?? 'detached' }] },
      remoteUrls: [url],
      scmName: '',
    });
  }
  if (record.tests)
    actions.push({ _class: 'hudson.tasks.junit.TestResultAction', ...record.tests, urlName: 'testReport' });
  return actions;
}

function parametersView(record: BuildRecord): View[] {
  return [
    ...Object.entries(record.parameters).map(([name, value]) => ({
      _class: `hudson.model.${valueType(value)}ParameterValue`,
      name,
      value,
    })),
    ...record.hidden.map((name) => ({ _class: 'hudson.model.PasswordParameterValue', name })),
  ];
}

export function itemView(base: string, item: QueueItem, queue: Queue): View {
  const why = queue.why(item);
  const { job, build } = item;
  return {
    _class:
      build || item.cancelled
        ? 'hudson.model.Queue$LeftItem'
        : why?.blocked
          ? 'hudson.model.Queue$BlockedItem'
          : 'hudson.model.Queue$BuildableItem',
    actions: [{ _class: 'hudson.model.CauseAction', causes: item.causes }],
    blocked: why?.blocked ?? false,
    buildable: why !== undefined && !why.blocked,
    id: item.id,
    inQueueSince: item.inQueueSince,
    params: Object.entries(item.parameters)
      .filter(
        ([name]) => job.config.parameters.find((definition) => definition.name === name)?.kind !== 'password',
      )
      .map(([name, value]) => `\n${name}=${value}`)
      .join(''),
    stuck: false,
    task: jobReference(base, job),
    url: `queue/item/${item.id}/`,
    why: why?.why ?? null,
    ...(why === undefined
      ? { cancelled: item.cancelled, executable: build ? buildReference(base, job, build) : null }
      : {}),
    ...(why && !why.blocked ? { pending: false } : {}),
  };
}
