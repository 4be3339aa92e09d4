import { hostname } from 'node:os';
import type { Build } from './build.js';
import type { Frame } from './groovy.js';
import type { RunContext, RunInput } from './run.js';
import type { Revision } from './workspace.js';

/** How many earlier builds a pipeline can look back at. */
const lookBack = 20;

/** All that the runtime needs to know to run a build. */
export function startFrame(
  context: RunContext,
  input: RunInput,
  workspace: string,
  source: { script: string; library: string; revision: Revision | undefined },
): Frame {
  const { build, job, parameters } = input;
  const { record } = build;
  const earlier = job.history.filter(({ number }) => number < build.number).slice(0, lookBack);
  return {
    t: 'start',
    script: source.script,
    library: source.library,
    workspace,
    temporary: `${workspace}@tmp`,
    directory: build.directory,
    env: environment(context, input),
    params: parameters,
    secrets: secretsOf(process.env),
    credentials: context.credentials.all,
    scm: source.revision ?? {},
    build: {
      number: build.number,
      job: job.name,
      url: urlOf(context, input),
      timestamp: record.timestamp,
      displayName: record.displayName,
      description: null,
      causes: record.causes,
      history: earlier.map((other) => summary(context, input, other)),
    },
  };
}

/** What a pipeline sees of another build. */
function summary(context: RunContext, input: RunInput, { number, record }: Build): Record<string, unknown> {
  return {
    number,
    building: record.building,
    result: record.building ? null : record.result,
    displayName: record.displayName,
    description: record.description,
    duration: record.duration,
    timeInMillis: record.timestamp,
    buildVariables: record.parameters,
    projectName: input.job.name,
    absoluteUrl: `${context.url}job/${encodeURIComponent(input.job.name)}/${number}/`,
  };
}

function urlOf(context: RunContext, { job, build }: RunInput): string {
  return `${context.url}job/${encodeURIComponent(job.name)}/${build.number}/`;
}

function environment(context: RunContext, input: RunInput): Record<string, string> {
  const { build, job, executor } = input;
  const number = String(build.number);
  const url = urlOf(context, input);
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(GIT_|npm_)/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    BUILD_ID: number,
    BUILD_NUMBER: number,
    BUILD_DISPLAY_NAME: `#${number}`,
    BUILD_TAG: `jenkins-${job.name}-${number}`,
    BUILD_URL: url,
    CI: 'true',
    EXECUTOR_NUMBER: String(executor),
    HUDSON_URL: context.url,
    JENKINS_HOME: context.home,
    JENKINS_NODE_COOKIE: build.record.cookie,
    JENKINS_URL: context.url,
    JOB_BASE_NAME: job.name,
    JOB_NAME: job.name,
    JOB_URL: `${context.url}job/${encodeURIComponent(job.name)}/`,
    RUN_DISPLAY_URL: url,
    HOSTNAME: process.env.HOSTNAME ?? hostname(),
  };
}

/** The values of the server's own variables that name a secret: masked in every log. */
export function secretsOf(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value && value.length >= 8 && /(TOKEN|PASSWORD|SECRET|API_KEY)$/.test(name) ? [value] : [],
  );
}
