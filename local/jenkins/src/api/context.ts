import type { Request, Response } from 'express';
import type { Build } from '../build.js';
import type { Config } from '../config.js';
import type { Credentials } from '../credentials.js';
import type { Groovy } from '../groovy.js';
import type { Job, Jobs } from '../job.js';
import type { Queue } from '../queue.js';
import { parseTree, prune } from '../tree.js';

/** What the resources of the API work on. */
export interface ApiContext {
  config: Config;
  jobs: Jobs;
  queue: Queue;
  groovy: Groovy;
  credentials: Credentials;
}

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** The address the client used, ending with a slash. */
export function baseUrl(request: Request): string {
  return `http://${request.headers.host ?? '127.0.0.1'}/`;
}

export function findJob({ jobs }: ApiContext, request: Request): Job {
  const job = jobs.get(String(request.params.name));
  if (!job) throw new HttpError(404, 'Not Found');
  return job;
}

const permalinks: Record<string, (build: Build) => boolean> = {
  lastBuild: () => true,
  lastCompletedBuild: ({ record }) => !record.building,
  lastSuccessfulBuild: ({ record }) =>
    !record.building && ['SUCCESS', 'UNSTABLE'].includes(record.result ?? ''),
  lastStableBuild: ({ record }) => !record.building && record.result === 'SUCCESS',
  lastFailedBuild: ({ record }) => !record.building && record.result === 'FAILURE',
  lastUnstableBuild: ({ record }) => !record.building && record.result === 'UNSTABLE',
  lastUnsuccessfulBuild: ({ record }) => !record.building && record.result !== 'SUCCESS',
};

export function findBuild(context: ApiContext, request: Request): { job: Job; build: Build } {
  const job = findJob(context, request);
  const id = String(request.params.number);
  const permalink = Object.hasOwn(permalinks, id) ? permalinks[id] : undefined;
  const build = permalink ? job.history.find(permalink) : job.builds.get(/^\d+$/.test(id) ? Number(id) : -1);
  if (!build) throw new HttpError(404, 'Not Found');
  return { job, build };
}

/** How deep the client looks: its `depth`, or as deep as a tree may pick from. */
export function depthOf(request: Request): number {
  if (request.query.tree !== undefined) return 3;
  const depth = Number(request.query.depth ?? 0);
  return Number.isInteger(depth) && depth > 0 ? Math.min(depth, 5) : 0;
}

/** Answers with JSON, pruned to the `tree` of the request. */
export function answer(request: Request, response: Response, view: unknown): void {
  const { tree, pretty } = request.query;
  let shown = view;
  if (typeof tree === 'string' && tree !== '') {
    try {
      shown = prune(view, parseTree(tree));
    } catch (error) {
      throw new HttpError(400, (error as Error).message);
    }
  }
  response.type('json').send(JSON.stringify(shown, null, pretty === undefined ? 0 : 2));
}

/** Form fields of the body and, below them, the query. */
export function fields(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  return { ...request.query, ...(typeof body === 'object' && body !== null ? body : {}) };
}
