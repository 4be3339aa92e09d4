import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  COALMINE_CLOUD_HOME: z.string().min(1),
  COALMINE_CLOUD_PORT: z.coerce.number().int().min(1).max(65_535).default(8081),
  COALMINE_IMAGE_DIR: z.string().default('/var/cache/coalmine'),
  /** Requests a minute before a 429; DigitalOcean's own burst limit by default. */
  COALMINE_CLOUD_RATE_LIMIT: z.coerce.number().int().min(1).default(250),
  DIGITALOCEAN_TOKEN: z.string().min(1),
});

export interface CloudConfig {
  home: string;
  port: number;
  imageFolder: string;
  requestsPerMinute: number;
  token: string;
  /** Names what this cloud makes on the machine: two clouds on one machine never meet. */
  id: string;
}

/** Reads the settings. Throws an error that names every variable that is wrong. */
export function readCloudConfig(environment: NodeJS.ProcessEnv = process.env): CloudConfig {
  const result = schema.safeParse(environment);
  if (!result.success) {
    const mistakes = result.error.issues.map(({ path, message }) => {
      const name = path.join('.');
      return `${name}: ${environment[name] === undefined ? 'not set' : message}`;
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
