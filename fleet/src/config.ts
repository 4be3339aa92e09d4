import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { alertRuleSchema, clearsBelowBy, severities } from './alert-rules.js';
import { autoscaleSchema } from './autoscale.js';
import { duration } from './duration.js';
import { pools } from './keys.js';

const percent = z.number().min(0).max(100);
const branch = z.string().min(1);
const command = z.array(z.string().min(1)).min(1);
const hostnameLabel = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower-case letters, digits and dashes, starting with a letter');

const alertRule = z
  .strictObject({
    ...alertRuleSchema.pick({ name: true, metric: true }).shape,
    pools: z
      .array(z.enum(pools))
      .min(1)
      .default([...pools]),
    threshold: z
      .number()
      .min(0)
      .default(45)
      .describe("In the metric's unit: %, ms (event-loop-lag), MB (heap)"),
    sustained: duration.prefault('3s'),
    clearsBelow: z
      .number()
      .min(0)
      .optional()
      .describe('Where it ends; a tenth under the threshold by default'),
    severity: z.enum(severities).default('warning').describe('critical also takes the traffic off a canary'),
  })
  .refine((rule) => (rule.clearsBelow ?? 0) <= rule.threshold, {
    path: ['clearsBelow'],
    message: 'must not be over the threshold',
  })
  .transform(({ sustained, clearsBelow, ...rule }) => ({
    ...rule,
    sustainedMs: sustained,
    clearsBelow: clearsBelow ?? clearsBelowBy(rule.threshold),
  }));

const fixedPool = z.strictObject({ count: z.int().min(1).max(10).default(1) });

const share = z.number().min(0.01).max(99);

const canarySchema = z.strictObject({
  steps: z
    .array(share)
    .min(1)
    .default([1, 5, 20, 50])
    .refine((steps) => steps.every((step, index) => step > (steps[index - 1] ?? 0)), 'must grow')
    .describe('Shares of the traffic the canary gets, in %, one after the other'),
  weight: share
    .optional()
    .describe('A fixed share in % instead of steps: the canary is judged, and promoted by hand'),
  interval: duration.prefault('60s').describe('How long each step is watched at least'),
  minRequests: z.int().min(0).default(50).describe('Requests the canary must have had in each step'),
  errorTolerance: percent
    .default(0.2)
    .describe('More errors than production by so many percentage points do not matter'),
  maxErrorIncrease: z
    .number()
    .min(0.1)
    .max(100)
    .default(2)
    .describe('More errors by so many percentage points must be excluded before promotion'),
  maxLatencyIncrease: z
    .number()
    .min(0)
    .max(1000)
    .default(15)
    .describe('Slower than production by so many % at p50 and p95 does not matter'),
  failureBudget: z
    .int()
    .min(0)
    .optional()
    .describe('The canary may fail at most so many requests in a rollout; absent: no such limit'),
  consecutiveFailures: z
    .int()
    .min(1)
    .default(5)
    .describe('So many failed requests in a row, while production answers, end the rollout'),
  deadline: duration.prefault('1h').describe('How long a step may wait for its requests'),
  onDeadline: z.enum(['hold', 'rollback']).default('hold').describe('What happens then'),
  promote: z.enum(['auto', 'by-hand']).default('auto').describe('Whether a person has to promote'),
});

const networks = z.array(
  z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], { error: 'must be an address or a network' }),
);

const proxySchema = z.strictObject({
  engine: z
    .enum(['node', 'haproxy'])
    .default('node')
    .describe('What carries the traffic; HAProxy for more of it than Node can take, by the same decisions'),
  sticky: z.boolean().default(true).describe('Whether a browser stays with its pool, by a cookie'),
  keyHeader: z
    .string()
    .regex(/^[\w-]*$/, 'must be the name of a header')
    .default('')
    .describe('A header whose value tells users apart, before the cookie; empty: none'),
  trusted: networks
    .default([])
    .describe('Proxies in front of this one, whose X-Forwarded-* are believed: addresses or networks'),
  bodyAtMost: z.int().min(0).default(0).describe('The largest body that is let in, bytes; 0: any'),
  accessLog: percent.default(1).describe('Share of the requests in the access log, %'),
});

export const configSchema = z
  .strictObject({
    name: hostnameLabel.describe('Name of the fleet: the tag its droplets carry'),
    provider: z
      .strictObject({
        region: z.string().default('nyc3'),
        image: z.string().default('debian-12-x64'),
        size: z.string().default('s-1vcpu-1gb'),
      })
      .prefault({}),
    pools: z
      .strictObject({
        prod: z
          .strictObject({
            min: z.int().min(1).max(100).default(1),
            max: z.int().min(1).max(100).default(4),
            branch: branch.default('main').describe('Pushing this branch deploys to production'),
          })
          .prefault({}),
        canary: z
          .strictObject({
            count: z.int().min(1).max(10).default(1),
            branch: branch.default('canary').describe('A green commit on this branch goes to the canary'),
          })
          .prefault({}),
        proxy: fixedPool.prefault({}),
        redis: z.strictObject({ count: z.literal(1).default(1) }).prefault({}),
      })
      .prefault({}),
    canary: canarySchema.prefault({}),
    proxy: proxySchema.prefault({}),
    monitor: z
      .strictObject({
        cpu: percent.default(45).describe('CPU threshold, % of what the droplet has'),
        memory: percent.default(45).describe('Memory threshold, % of what the droplet has'),
        sustained: duration.prefault('3s').describe('How long a threshold must be exceeded before the alert'),
        noData: duration.prefault('10s').describe('A droplet that is silent for so long is an alert'),
        repeat: duration.prefault('1h').describe('An alert that goes on is told again after so long'),
        rules: z
          .array(alertRule)
          .default([])
          .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, {
            message: 'two rules have the same name',
          })
          .describe('More rules; one named cpu, memory or down takes the place of the built-in one'),
        scrapers: networks
          .default([])
          .describe('Who may read the metrics, such as a Prometheus: addresses or networks'),
        webhook: z
          .url({ protocol: /^https?$/ })
          .describe('Told like the mail, in JSON that Slack takes; a secret one comes from ALERT_WEBHOOK_URL')
          .optional(),
        mail: z
          .strictObject({
            from: z.string().min(3).default('coalmine@localhost'),
            to: z.array(z.string().min(3)).min(1),
            smtp: z
              .url({ protocol: /^smtps?$/ })
              .describe('smtp://host:port or smtps://user@host; the password comes from SMTP_PASSWORD')
              .optional(),
          })
          .optional(),
      })
      .prefault({}),
    autoscale: autoscaleSchema.prefault({}),
    jenkins: z.strictObject({ job: z.string().min(1).default('coalmine') }).prefault({}),
    build: z
      .strictObject({
        install: command.default(['npm', 'ci']).describe('Run when the lock file has changed'),
        specs: command.default(['npm', 'run', 'test:unit']),
        lint: command.default(['npm', 'run', 'lint']),
      })
      .prefault({}),
    releases: z.strictObject({ keep: z.int().min(2).max(50).default(5) }).prefault({}),
  })
  .refine((config) => config.pools.prod.min <= config.pools.prod.max, {
    path: ['pools', 'prod', 'min'],
    message: 'min must not be larger than max',
  })
  .refine((config) => config.pools.prod.branch !== config.pools.canary.branch, {
    path: ['pools', 'canary', 'branch'],
    message: 'the canary and production cannot share a branch',
  });

export type Config = z.infer<typeof configSchema>;

/** What is wrong in `coalmine.yml`, one line a mistake: file:line, key, reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads and checks `coalmine.yml`. Throws ConfigError with every mistake, its line and its key. */
export async function readConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      `${file}: cannot be read. Run coalmine at the root of a repository with a coalmine.yml.`,
      {
        cause,
      },
    );
  }
  return parseConfig(text, file);
}

/** Checks the text of a `coalmine.yml`; `file` is only named in errors. */
export function parseConfig(text: string, file = 'coalmine.yml'): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => `${file}: ${error.message}`).join('\n'));
  }
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node = document.getIn(path.slice(0, depth), true) as
        { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const result = configSchema.safeParse(document.toJS());
  if (result.success) return result.data;
  const mistakes = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key' }))
      : [{ path: issue.path, message: issue.message }],
  );
  throw new ConfigError(
    mistakes
      .map(
        ({ path, message }) =>
          `${file}:${lineOf(path)}: ${path.map(String).join('.') || 'the file'}: ${message}`,
      )
      .join('\n'),
  );
}

/** The JSON Schema of `coalmine.yml`, for editors. */
export function configJsonSchema(): object {
  return { title: 'coalmine.yml', ...z.toJSONSchema(configSchema, { io: 'input' }) };
}
