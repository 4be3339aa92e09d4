import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { writeFileAtomically } from './files.js';

const redisUsers = ['app', 'flags', 'proxy', 'agent', 'controller', 'dashboard', 'tools'] as const;
const flagRoles = ['viewer', 'editor', 'evaluator'] as const;

const secretsSchema = z.object({
  redis: z.record(z.enum(redisUsers), z.string()),
  /** The flag service's tokens, by what they allow. */
  flags: z.record(z.enum(flagRoles), z.string()),
  /** Signs the proxy's bucket cookie. */
  cookie: z.string(),
  /** For the buttons of the dashboard; the droplet knows its hash only. */
  operator: z.string(),
});
export type Secrets = z.infer<typeof secretsSchema>;

const known = z.object({
  redis: z.partialRecord(z.enum(redisUsers), z.string()).default({}),
  flags: z.partialRecord(z.enum(flagRoles), z.string()).default({}),
  cookie: z.string().optional(),
  operator: z.string().optional(),
});

/** The fleet's generated secrets, mode 0600; what is missing, on the first call all of them, is made. */
export async function readSecrets(home: string): Promise<Secrets> {
  const file = join(home, 'secrets.json');
  let text = '{}';
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { redis, flags, cookie, operator } = known.parse(JSON.parse(text));
  const secret = (): string => randomBytes(24).toString('hex');
  const secrets = secretsSchema.parse({
    redis: Object.fromEntries(redisUsers.map((user) => [user, redis[user] ?? secret()])),
    flags: Object.fromEntries(flagRoles.map((role) => [role, flags[role] ?? secret()])),
    cookie: cookie ?? secret(),
    operator: operator ?? secret(),
  });
  if (!isDeepStrictEqual(secrets, JSON.parse(text)))
    await writeFileAtomically(file, JSON.stringify(secrets, null, 2), 0o600);
  return secrets;
}
