import { z } from 'zod';
import type { JenkinsSettings } from '../rollout/jenkins.js';

/** A build of the pipeline, as the page shows it. */
export interface Build {
  number: number;
  url: string;
  /** When it began, ms since the epoch; and how long it took, null while it runs. */
  at: number;
  tookMs: number | null;
  result: string | null;
  action: string;
  target: string;
  branch: string;
  commit: string;
}

const buildsSchema = z.object({
  builds: z.array(
    z.object({
      number: z.int(),
      url: z.string(),
      timestamp: z.number(),
      duration: z.number(),
      result: z.string().nullable(),
      actions: z.array(
        z
          .object({
            parameters: z
              .array(
                z.object({
                  name: z.string(),
                  value: z.union([z.string(), z.boolean(), z.number()]).nullish(),
                }),
              )
              .optional(),
          })
          .nullable(),
      ),
    }),
  ),
});

const tree = 'builds[number,url,timestamp,duration,result,actions[parameters[name,value]]]{0,20}';

/** The job's last builds, the newest first. Throws an Error that names Jenkins and the cause. */
export async function readBuilds({ url, user, token, job }: JenkinsSettings): Promise<Build[]> {
  const base = url.replace(/\/$/, '');
  const path = job
    .split('/')
    .map((name) => `/job/${encodeURIComponent(name)}`)
    .join('');
  const response = await fetch(`${base}${path}/api/json?tree=${encodeURIComponent(tree)}`, {
    headers: { authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}` },
    signal: AbortSignal.timeout(5000),
  }).catch((cause: unknown) => {
    throw new Error(`Jenkins at ${base} does not answer`, { cause });
  });
  if (!response.ok) throw new Error(`Jenkins at ${base} answers ${response.status} to ${path}`);
  return buildsSchema.parse(await response.json()).builds.map((build) => {
    const parameters = new Map(
      build.actions
        .flatMap((action) => action?.parameters ?? [])
        .map(({ name, value }) => [name, String(value ?? '')]),
    );
    const of = (name: string): string => parameters.get(name) ?? '';
    return {
      ...{ number: build.number, url: build.url, at: build.timestamp, result: build.result },
      tookMs: build.result === null ? null : build.duration,
      ...{ action: of('ACTION'), target: of('TARGET'), branch: of('BRANCH'), commit: of('COMMIT') },
    };
  });
}
