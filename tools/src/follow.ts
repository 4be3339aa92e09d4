import { existsSync } from 'node:fs';
import { BuildProgress } from './build-progress.js';
import { git, resolveCommit } from './git.js';
import type { BuildInfo } from 'jenkins';
import type { BuildParameters, BuildResult, Jenkins } from './jenkins.js';
import { rememberStable, takeBack } from './reset.js';

const short = (commit: string): string => commit.slice(0, 10);

/** Triggers a build and streams its log to the terminal until it ends. */
export async function buildAndFollow(
  jenkins: Jenkins,
  parameters: BuildParameters,
  quiet = false,
): Promise<BuildResult> {
  const say = quiet ? () => undefined : (text: string) => void process.stdout.write(text);
  const build = await jenkins.trigger(parameters, (why) => say(`Waiting: ${why}\n`));
  say(`Build #${build.number}: ${jenkins.buildUrl(build.number)}\n`);
  return follow(jenkins, build, say);
}

/** Streams a build's log, made readable, until it ends. Ctrl-C only stops the looking: the build goes on. */
export async function follow(
  jenkins: Jenkins,
  build: BuildInfo,
  say: (text: string) => void,
): Promise<BuildResult> {
  const { number, estimatedDuration, timestamp } = build;
  const progress = new BuildProgress(say, process.stdout.isTTY, estimatedDuration, timestamp);
  const detach = (): void => {
    progress.end();
    say(`\nBuild #${number} goes on without you. To pick it up again: coalmine build --attach\n`);
    process.exit(0);
  };
  process.once('SIGINT', detach);
  try {
    return await jenkins.follow(number, (text) => progress.push(text));
  } finally {
    process.off('SIGINT', detach);
    progress.end();
  }
}

/**
 * Where Jenkins can fetch a commit from that was never pushed: the clone itself when it is the local cloud's Jenkins, else
 * a ref of its own at the remote, outside all branches. Returns the REPO parameter.
 */
export async function offerCommit(clone: string, jenkins: Jenkins, commit: string): Promise<string> {
  if (await jenkins.isLocal()) return git(clone, 'rev-parse', '--path-format=absolute', '--git-common-dir');
  await git(clone, 'push', '--quiet', '--no-verify', 'origin', `${commit}:refs/coalmine/build/${commit}`);
  return git(clone, 'remote', 'get-url', 'origin');
}

/**
 * Draws the consequence of a finished build for the clone it came from, and says it in a line or four. `why` tells why
 * it is red, if that is known.
 */
export async function conclude(
  clone: string,
  branch: string,
  commit: string,
  target: BuildParameters['TARGET'],
  result: BuildResult,
  why: string | null,
): Promise<string> {
  const seconds = Math.round(result.durationMs / 1000);
  if (result.green) {
    await rememberStable(clone, branch, commit);
    const where = target === 'none' ? 'packaged, not deployed' : `serving on ${target}`;
    return `✔ ${short(commit)} is green after ${seconds} s: ${where}.`;
  }
  if (result.result === 'ABORTED') {
    return `✖ The build of ${short(commit)} was aborted; the commit stays. Build it again: coalmine build --commit ${commit}`;
  }
  const note = [`${result.result}: ${result.url}`, why].filter(Boolean).join('\n');
  const outcome = await takeBack(clone, branch, commit, note);
  const red = [`✖ ${short(commit)} is red (${result.result}, ${seconds} s): ${result.url}`, why]
    .filter(Boolean)
    .join('\n  ');
  const keep = `  It is kept as ${outcome.rejected}. To get it back: git cherry-pick ${outcome.rejected}`;
  return outcome.done
    ? `${red}\n  ${branch} is back on ${short(outcome.to)}, the last stable commit.\n${keep}`
    : `${red}\n  ${branch} was left as it is: ${outcome.why}.\n${keep}`;
}

/** The commit to work with: a name given by the user, or HEAD. */
export async function commitOf(folder: string, name: string | undefined): Promise<string | null> {
  return existsSync(folder) ? resolveCommit(folder, name ?? 'HEAD') : null;
}
