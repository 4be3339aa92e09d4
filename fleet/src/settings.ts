import { z } from 'zod';

/** Settings that all services share; a service extends them with its own. */
export const serviceSettings = z.object({
  PORT: z.coerce.number().int().min(1).max(65_535),
  HOST: z.string().default('127.0.0.1'),
  REDIS_URL: z
    .string()
    .regex(/^(rediss?|redis\+sentinel):\/\//, 'must start with redis://, rediss:// or redis+sentinel://'),
});

/** Reads settings from the environment. Throws an error that names every variable that is wrong and why. */
export function readSettings<T extends z.ZodType>(
  schema: T,
  environment: NodeJS.ProcessEnv = process.env,
): z.infer<T> {
  const result = schema.safeParse(environment);
  if (result.success) return result.data;
  throw new Error(
    result.error.issues
      .map((issue) => {
        const name = issue.path.map(String).join('.');
        return environment[name] === undefined ? `${name}: not set` : `${name}: ${issue.message}`;
      })
      .join('\n'),
  );
}
