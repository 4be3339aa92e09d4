import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { z } from 'zod';
import { writeFileAtomically } from './files.js';
import { inventoryFile } from './inventory.js';
import { Problem } from './problem.js';
import { installation, type Project } from './project.js';

export interface PlaybookRun {
  /** `site`, `deploy`, `rollback`: a playbook of ours, without `.yml`. */
  playbook: string;
  /** Extra variables; they hold secrets and go through a file (0600), never the command line. */
  variables: Readonly<Record<string, unknown>>;
  limit?: readonly string[];
  check?: boolean;
  /** Told of each task as it starts. */
  onTask?: (task: string) => void;
}

export interface HostResult {
  ok: number;
  changed: number;
  failures: number;
  unreachable: number;
}

const progressSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('play'), name: z.string() }),
  z.object({ event: z.literal('task'), name: z.string() }),
  z.object({ event: z.enum(['ok', 'changed', 'skipped']), host: z.string(), task: z.string() }),
  z.object({
    event: z.enum(['failed', 'unreachable']),
    host: z.string(),
    task: z.string(),
    message: z.string(),
  }),
  z.object({
    event: z.literal('stats'),
    hosts: z.record(
      z.string(),
      z.object({ ok: z.number(), changed: z.number(), failures: z.number(), unreachable: z.number() }),
    ),
  }),
]);
type Progress = z.infer<typeof progressSchema>;

/**
 * Runs a playbook and judges it host by host (Ansible's exit code is 0 for an empty inventory, too).
 * Throws a Problem that names each failed host with its task and reason; the whole output is in
 * `.coalmine/ansible/<playbook>.log`.
 */
export async function runPlaybook(
  project: Project,
  run: PlaybookRun,
): Promise<ReadonlyMap<string, HostResult>> {
  const folder = join(project.home, 'ansible');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const id = randomUUID();
  const variablesFile = join(folder, `${id}.vars.json`);
  const progressFile = join(folder, `${id}.progress`);
  const logFile = join(folder, `${run.playbook}.log`);
  await writeFileAtomically(variablesFile, JSON.stringify(run.variables), 0o600);
  await writeFileAtomically(progressFile, '');
  const child = execa('ansible-playbook', playbookArguments(project, run, variablesFile), {
    env: ansibleEnvironment(progressFile),
    stdin: 'ignore',
    stdout: { file: logFile },
    stderr: { file: logFile },
    reject: false,
  });
  const follower = followProgress(progressFile, child, run.onTask);
  try {
    const outcome = await child;
    if (outcome.code === 'ENOENT')
      throw new Problem('ansible-playbook is not installed', 'apt-get install ansible-core');
    const { failures, stats } = await follower;
    if (failures.length > 0) {
      throw new Problem(`${run.playbook}.yml failed:\n  ${failures.join('\n  ')}`, `All of it: ${logFile}`);
    }
    if (outcome.exitCode !== 0) {
      const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-5).join('\n  ');
      throw new Problem(
        `ansible-playbook ended with ${outcome.exitCode ?? outcome.signal}:\n  ${tail}`,
        `All of it: ${logFile}`,
      );
    }
    if (stats.size === 0)
      throw new Problem(`${run.playbook}.yml met no host`, 'Is the fleet up? `coalmine status` tells.');
    return stats;
  } finally {
    await Promise.all([rm(variablesFile, { force: true }), rm(progressFile, { force: true })]);
  }
}

/** The argument array, as data. */
export function playbookArguments(
  project: Pick<Project, 'home'>,
  run: PlaybookRun,
  variablesFile: string,
): string[] {
  return [
    join(installation, 'ansible', `${run.playbook}.yml`),
    ...['--inventory', inventoryFile(project.home)],
    ...['--extra-vars', `@${variablesFile}`],
    ...(run.limit ? ['--limit', run.limit.join(',')] : []),
    ...(run.check ? ['--check', '--diff'] : []),
  ];
}

function ansibleEnvironment(progressFile: string): Record<string, string> {
  return {
    ANSIBLE_CONFIG: join(installation, 'ansible/ansible.cfg'),
    ANSIBLE_FORCE_COLOR: '0',
    COALMINE_PROGRESS: progressFile,
  };
}

/** Reads the callback plugin's lines while the playbook runs. */
async function followProgress(
  file: string,
  child: PromiseLike<unknown>,
  onTask: (task: string) => void = () => undefined,
): Promise<{ failures: string[]; stats: Map<string, HostResult> }> {
  const failures: string[] = [];
  const stats = new Map<string, HostResult>();
  const life = { over: false };
  void child.then(
    () => (life.over = true),
    () => (life.over = true),
  );
  let offset = 0;
  for (let last = false; !last;) {
    last = life.over;
    const size = existsSync(file) ? (await stat(file)).size : 0;
    if (size > offset) {
      for await (const line of createInterface({
        input: createReadStream(file, { start: offset, end: size - 1 }),
      })) {
        const progress = parseProgress(line);
        if (!progress) continue;
        if (progress.event === 'task') onTask(progress.name);
        if (progress.event === 'failed' || progress.event === 'unreachable') {
          failures.push(`${progress.host}: ${progress.task}: ${progress.message}`);
        }
        if (progress.event === 'stats')
          for (const [host, result] of Object.entries(progress.hosts)) stats.set(host, result);
      }
      offset = size;
    }
    if (!last) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { failures, stats };
}

function parseProgress(line: string): Progress | null {
  try {
    return progressSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
