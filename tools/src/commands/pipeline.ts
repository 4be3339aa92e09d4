import { execa } from 'execa';
import { ensureDependencies } from '../dependencies.js';
import { readEnvironment } from '../environment.js';
import { resolveCommit } from '../git.js';
import { Problem } from '../problem.js';
import { openProject, type Project } from '../project.js';

/** Runs the repository's specs, with its dependencies installed. */
export async function specs(): Promise<void> {
  const project = await openProject();
  await install(project);
  await run(project, project.config.build.specs, 'The specs failed');
}

/** Runs the repository's linter. */
export async function lint(): Promise<void> {
  const project = await openProject();
  await install(project);
  await run(project, project.config.build.lint, 'The linter found errors');
}

/** Makes the release of the checked-out commit. */
export async function packageCommit(options: { commit?: string }): Promise<void> {
  const project = await openProject();
  const head = await resolveCommit(project.root, 'HEAD');
  const commit = options.commit ? await resolveCommit(project.root, options.commit) : head;
  if (!commit) throw new Problem(`${options.commit ?? 'HEAD'} is not a commit in ${project.root}`);
  if (commit !== head) {
    throw new Problem(
      `${commit.slice(0, 10)} is not checked out in ${project.root}`,
      `git checkout ${commit}`,
    );
  }
  // Not loaded where it is not needed: specs and lint are to begin at once.
  const { packageRelease } = await import('../release.js');
  const release = await packageRelease(project.root, project.home, commit);
  for (const [part, { sha256 }] of Object.entries(release.parts))
    console.log(`✔ ${part}  sha256 ${sha256.slice(0, 16)}`);
}

/** Mails the result of a build, if `coalmine.yml` says to whom. */
export async function notify(options: { result: string }): Promise<void> {
  const project = await openProject();
  const { mail } = project.config.monitor;
  const smtp = mail?.smtp ?? (await readEnvironment(project)).SMTP_URL;
  if (!mail || !smtp) {
    console.log('No mail: monitor.mail in coalmine.yml names nobody, or no SMTP server is known.');
    return;
  }
  const { default: nodemailer } = await import('nodemailer');
  await nodemailer.createTransport(smtp).sendMail({
    from: mail.from,
    to: mail.to,
    ...resultMail(project.config.name, options.result, process.env),
  });
  console.log(`✔ mailed ${mail.to.join(', ')}`);
}

/** What is mailed of a build, by the variables that Jenkins gives it. Started from the page, it has no COMMIT. */
export function resultMail(
  name: string,
  result: string,
  { BUILD_URL = '', BRANCH = '', COMMIT, GIT_COMMIT, TARGET = 'none' }: Record<string, string | undefined>,
): { subject: string; text: string } {
  const commit = COMMIT || GIT_COMMIT || '';
  return {
    subject: `[${name}] ${result}: ${BRANCH} ${commit.slice(0, 10)}`.trim(),
    text: `The build of ${commit || 'the tip'} on ${BRANCH} (target: ${TARGET}) ended with ${result}.\n\n${BUILD_URL}\n`,
  };
}

async function install(project: Project): Promise<void> {
  await ensureDependencies(project.root, () =>
    run(project, project.config.build.install, 'The dependencies could not be installed'),
  );
}

async function run(project: Project, command: readonly string[], failure: string): Promise<void> {
  const [program = '', ...parameters] = command;
  const { exitCode, code } = await execa(program, parameters, {
    cwd: project.root,
    stdio: 'inherit',
    reject: false,
  });
  if (code === 'ENOENT') throw new Problem(`${program} is not installed, but build in coalmine.yml wants it`);
  if (exitCode !== 0) throw new Problem(`${failure}: ${command.join(' ')} ended with ${exitCode}`);
}
