import { homedir } from 'node:os';
import { z } from 'zod';

const settings = z.object({
  COALMINE_JENKINS_HOME: z.string().min(1),
  COALMINE_JENKINS_PORT: z.coerce.number().int().min(0).max(65_535),
  JENKINS_USER: z.string().regex(/^[^:\s]+$/, 'must be a name without colon or space'),
  JENKINS_TOKEN: z.string().min(8, 'must have at least 8 characters'),
  JENKINS_PASSWORD: z.string().min(1).optional(),
  COALMINE_JENKINS_EXECUTORS: z.coerce.number().int().min(1).max(64).default(2),
  COALMINE_JENKINS_LIBRARY: z.string().min(1).optional(),
  COALMINE_CACHE_DIR: z.string().min(1).default('/var/cache/coalmine'),
  COALMINE_GROOVY_JAR: z.string().min(1).default('/usr/share/java/groovy-all.jar'),
});

export interface Config {
  home: string;
  port: number;
  user: string;
  token: string;
  /** A password beside the token; with it, a POST needs a crumb. */
  password?: string;
  executors: number;
  /** A folder with the `vars/` of repositories that have none of their own. */
  library?: string;
  cache: string;
  groovyJar: string;
}

/** Reads the server's settings. Throws an error that names every variable that is wrong and why. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const result = settings.safeParse(environment);
  if (!result.success) {
    throw new Error(
      result.error.issues
        .map(({ path, message }) => {
          const name = path.map(String).join('.');
          return environment[name] === undefined ? `${name}: not set` : `${name}: ${message}`;
        })
        .join('\n'),
    );
  }
  const { data } = result;
  return {
    home: data.COALMINE_JENKINS_HOME.replace(/^~(?=\/)/, homedir()),
    port: data.COALMINE_JENKINS_PORT,
    user: data.JENKINS_USER,
    token: data.JENKINS_TOKEN,
    ...(data.JENKINS_PASSWORD === undefined ? {} : { password: data.JENKINS_PASSWORD }),
    executors: data.COALMINE_JENKINS_EXECUTORS,
    ...(data.COALMINE_JENKINS_LIBRARY ? { library: data.COALMINE_JENKINS_LIBRARY } : {}),
    cache: data.COALMINE_CACHE_DIR,
    groovyJar: data.COALMINE_GROOVY_JAR,
  };
}
