import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';

/** overlayfs takes its folders as a list with `:` and `,` in it. */
const folder = z
  .string()
  .regex(/^[^:,\\\n]+$/, 'must be a folder without colon, comma, backslash or line break in its path');

const port = 'must be a port between 1 and 65535';
const count = 'must be a whole number of requests a minute, 1 or more';

const schema = z.object({
  COALMINE_CLOUD_HOME: folder,
  COALMINE_CLOUD_PORT: z.coerce.number(port).int(port).min(1, port).max(65_535, port).default(8081),
  COALMINE_IMAGE_DIR: folder.default('/var/cache/coalmine'),
  /** Requests a minute before a 429; DigitalOcean's own burst limit by default. */
  COALMINE_CLOUD_RATE_LIMIT: z.coerce.number(count).int(count).min(1, count).default(250),
  DIGITALOCEAN_TOKEN: z.string().min(1, 'must not be empty'),
});

/** What to do about a variable that is not set. */
const wayOut: Record<string, string> = {
  COALMINE_CLOUD_HOME: 'export COALMINE_CLOUD_HOME=FOLDER, where the cloud keeps its droplets',
  DIGITALOCEAN_TOKEN: 'export DIGITALOCEAN_TOKEN=TEXT, which every request must carry',
};

export interface CloudConfig {
  home: string;
  port: number;
  imageFolder: string;
  requestsPerMinute: number;
  token: string;
  /** Names what this cloud makes on the machine: two clouds on one machine never meet. */
  id: string;
}

/** Reads the settings. Throws an error that names every variable that is wrong, and the way out. */
export function readCloudConfig(environment: NodeJS.ProcessEnv = process.env): CloudConfig {
  const result = schema.safeParse(environment);
  if (!result.success) {
    const mistakes = result.error.issues.map(({ path, message }) => {
      const name = path.join('.');
      const value = environment[name];
      if (value === undefined) return `${name} is not set: ${wayOut[name] ?? 'set it'}`;
      return `${name}: ${name.endsWith('TOKEN') ? '' : `"${value}" `}${message}`;
    });
    throw new Error(mistakes.join('\n'));
  }
  const { data } = result;
  const home = resolve(data.COALMINE_CLOUD_HOME);
  return {
    home,
    port: data.COALMINE_CLOUD_PORT,
    imageFolder: resolve(data.COALMINE_IMAGE_DIR),
    requestsPerMinute: data.COALMINE_CLOUD_RATE_LIMIT,
    token: data.DIGITALOCEAN_TOKEN,
    id: createHash('sha256').update(home).digest('hex').slice(0, 8),
  };
}
