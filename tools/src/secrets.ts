import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from './files.js';

const secretsSchema = z.object({
  redis: z.object({
    app: z.string(),
    flags: z.string(),
    proxy: z.string(),
    agent: z.string(),
    tools: z.string(),
  }),
  /** The flag service's tokens, by what they allow. */
  flags: z.object({ viewer: z.string(), editor: z.string(), evaluator: z.string() }).optional(),
  /** Signs the proxy's bucket cookie. */
  cookie: z.string(),
});
export type Secrets = Required<z.infer<typeof secretsSchema>>;

/** The fleet's generated secrets; made on the first call, mode 0600. */
export async function readSecrets(home: string): Promise<Secrets> {
  const file = join(home, 'secrets.json');
  const secret = (): string => randomBytes(24).toString('hex');
  const flags = { viewer: secret(), editor: secret(), evaluator: secret() };
  try {
    const known = secretsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    // A fleet of before there were tokens for the flags.
    if (!known.flags) await writeFileAtomically(file, JSON.stringify({ ...known, flags }, null, 2), 0o600);
    return { flags, ...known };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const secrets: Secrets = {
    redis: { app: secret(), flags: secret(), proxy: secret(), agent: secret(), tools: secret() },
    flags,
    cookie: secret(),
  };
  await writeFileAtomically(file, JSON.stringify(secrets, null, 2), 0o600);
  return secrets;
}
