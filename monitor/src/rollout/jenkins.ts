import { z } from 'zod';

export interface JenkinsSettings {
  url: string;
  user: string;
  token: string;
  job: string;
}

/** Where the pipeline is; null when the settings do not say. */
export function jenkinsOf(settings: {
  JENKINS_URL: string;
  JENKINS_USER: string;
  JENKINS_TOKEN: string;
  JENKINS_JOB: string;
}): JenkinsSettings | null {
  const { JENKINS_URL: url, JENKINS_USER: user, JENKINS_TOKEN: token, JENKINS_JOB: job } = settings;
  return url && user && token ? { url, user, token, job } : null;
}

/** The job's parameters; COMMIT is fetched from REPO, where the canary's own build fetched it from. */
export type BuildParameters = Record<string, string> & {
  REPO: string;
  COMMIT: string;
  BRANCH: string;
  TARGET: 'canary' | 'prod';
  ACTION: 'promote' | 'rollback' | 'scale';
  /** How many droplets, for `scale`. */
  COUNT?: string;
};

const answerWithinMs = 5000;
const itemSchema = z.object({
  cancelled: z.boolean().optional(),
  executable: z.object({ number: z.int() }).nullish(),
});
const buildSchema = z.object({ number: z.int(), result: z.string().nullable() });
const buildsSchema = z.object({
  builds: z.array(
    z.object({
      number: z.int(),
      timestamp: z.number(),
      actions: z.array(
        z.object({ parameters: z.array(z.object({ name: z.string(), value: z.unknown() })).optional() }),
      ),
    }),
  ),
});

/** As much of one Jenkins job as the controller needs. All calls throw an Error that names the address and the cause. */
export class JenkinsJob {
  private readonly authorization: string;
  private readonly base: string;
  private readonly job: string;

  constructor({ url, user, token, job }: JenkinsSettings) {
    this.authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
    this.base = url.replace(/\/$/, '');
    this.job = job
      .split('/')
      .map((name) => `/job/${encodeURIComponent(name)}`)
      .join('');
  }

  /** Queues a build; returns the queue's id. */
  async trigger(parameters: BuildParameters): Promise<number> {
    const response = await this.ask(
      `${this.job}/buildWithParameters`,
      new URLSearchParams({ ...parameters }),
    );
    const id = /\/queue\/item\/(\d+)/.exec(response.headers.get('location') ?? '')?.[1];
    if (!id) throw new Error(`Jenkins at ${this.base} queued no build (${response.status})`);
    return Number(id);
  }

  /** The build of a queue item: its number, null while it waits, or that it was cancelled. */
  async queued(id: number): Promise<number | 'cancelled' | null> {
    const item = itemSchema.parse(await (await this.ask(`/queue/item/${id}/api/json`)).json());
    return item.cancelled ? 'cancelled' : (item.executable?.number ?? null);
  }

  /** A build's result, null while it runs. */
  async result(number: number): Promise<string | null> {
    return buildSchema.parse(await (await this.ask(`${this.job}/${number}/api/json`)).json()).result;
  }

  /** A build that was asked for with these parameters since a time (ms since the epoch), also by another leader. */
  async find(parameters: BuildParameters, since: number): Promise<number | null> {
    const tree = 'builds[number,timestamp,actions[parameters[name,value]]]';
    const response = await this.ask(`${this.job}/api/json?tree=${encodeURIComponent(tree)}`);
    const { builds } = buildsSchema.parse(await response.json());
    const same = builds.find(({ timestamp, actions }) => {
      const given = new Map(
        actions.flatMap((action) => action.parameters ?? []).map(({ name, value }) => [name, value]),
      );
      return (
        timestamp >= since && Object.entries(parameters).every(([name, value]) => given.get(name) === value)
      );
    });
    return same?.number ?? null;
  }

  private async ask(path: string, body?: URLSearchParams): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.base}${path}`, {
        headers: { authorization: this.authorization },
        signal: AbortSignal.timeout(answerWithinMs),
        ...(body ? { method: 'POST', body, redirect: 'manual' } : {}),
      });
    } catch (cause) {
      throw new Error(`Jenkins at ${this.base} does not answer`, { cause });
    }
    if (response.ok || (response.status >= 300 && response.status < 400)) return response;
    throw new Error(`Jenkins at ${this.base} answers ${response.status} to ${path.split('?')[0]}`);
  }
}
