import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from './files.js';
import { Problem } from './problem.js';
import type { Project } from './project.js';

/** Where DigitalOcean and Jenkins are, and with what credentials. */
const names = [
  'DIGITALOCEAN_API_URL',
  'DIGITALOCEAN_TOKEN',
  'JENKINS_URL',
  /** Where droplets reach the same Jenkins, if that is another address. */
  'JENKINS_FLEET_URL',
  'JENKINS_USER',
  'JENKINS_TOKEN',
  'MAIL_URL',
  'SMTP_URL',
] as const;
export type Name = (typeof names)[number];
export type Environment = Partial<Record<Name, string>>;

const fileSchema = z.partialRecord(z.enum(names), z.string());

const wayOut: Partial<Record<Name, string>> = {
  DIGITALOCEAN_TOKEN:
    'Create one at cloud.digitalocean.com (API → Tokens) and export it, or run `npm start` for a local cloud.',
  JENKINS_URL: 'Export the address of your Jenkins, or run `npm start` for a local one.',
  JENKINS_USER: 'Export the Jenkins user whose API token you use.',
  JENKINS_TOKEN: 'Create one in Jenkins (your name → Security → API Token) and export it.',
};

/** The process's variables over those of the running local cloud. */
export async function readEnvironment(project: Project): Promise<Environment> {
  const local = await readLocalEnvironment(project.home);
  const own = Object.fromEntries(
    names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  return { ...local, ...own };
}

/** What the local cloud of this project listens on; empty when it was never started. */
export async function readLocalEnvironment(home: string): Promise<Environment> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(environmentFile(home), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Problem(`${environmentFile(home)} is damaged`, 'Remove it and run `npm start` again.', {
      cause: error,
    });
  }
}

export async function writeLocalEnvironment(home: string, environment: Environment): Promise<void> {
  await writeFileAtomically(environmentFile(home), `${JSON.stringify(environment, null, 2)}\n`, 0o600);
}

/** The value of a variable. Throws a Problem that says where to get one. */
export function required(environment: Environment, name: Name): string {
  const value = environment[name];
  if (!value) throw new Problem(`${name} is not set`, wayOut[name]);
  return value;
}

function environmentFile(home: string): string {
  return join(home, 'environment.json');
}
