import type { Rollout } from '@coalmine/fleet/rollout.js';
import type { BuildParameters, JenkinsJob } from './jenkins.js';

export type Build = NonNullable<Rollout['build']>;

/** How far the build is that promotes a release, or takes it off the canary. */
export type Progress =
  | { kind: 'waiting'; reason: string }
  /** Something was learnt that the next leader must know too. */
  | { kind: 'further'; build: Build; reason: string }
  | { kind: 'done'; reason: string }
  | { kind: 'failed'; reason: string };

/** Jenkins may be away for so long before it is given up, ms. */
const givenUpAfterMs = 10 * 60_000;
/** Clocks of this droplet and of Jenkins may differ by so much, ms. */
const skewMs = 5000;

/** The parameters of the build that a rollout wants now. */
export function buildFor(rollout: Rollout): BuildParameters {
  const promote = rollout.state === 'promoting';
  return {
    REPO: rollout.source?.repository ?? '',
    COMMIT: rollout.release ?? '',
    BRANCH: rollout.source?.branch ?? 'main',
    TARGET: promote ? 'prod' : 'canary',
    ACTION: promote ? 'promote' : 'rollback',
  };
}

/** Brings the rollout's build one step further. */
export async function pursue(rollout: Rollout, jenkins: JenkinsJob | null, now: number): Promise<Progress> {
  const build = rollout.build ?? { decided: new Date(now).toISOString() };
  return pursueBuild(build, buildFor(rollout), jenkins, now);
}

/** Brings a build one step further; asked again and again, also by another leader, it asks for one build only. */
export async function pursueBuild(
  build: Build,
  parameters: BuildParameters,
  jenkins: JenkinsJob | null,
  now: number,
): Promise<Progress> {
  if (!jenkins) return { kind: 'failed', reason: 'Jenkins is not configured here (JENKINS_URL)' };
  try {
    return await further(build, parameters, jenkins);
  } catch (error) {
    const reason = (error as Error).message;
    const late = now - Date.parse(build.decided) > givenUpAfterMs;
    return { kind: late ? 'failed' : 'waiting', reason };
  }
}

async function further(build: Build, parameters: BuildParameters, jenkins: JenkinsJob): Promise<Progress> {
  if (build.number !== undefined) {
    const result = await jenkins.result(build.number);
    const name = `build #${build.number} (${parameters.ACTION})`;
    if (result === null) return { kind: 'waiting', reason: `${name} runs` };
    return { kind: result === 'SUCCESS' ? 'done' : 'failed', reason: `${name} ended with ${result}` };
  }
  if (build.queueId !== undefined) {
    const number = await jenkins.queued(build.queueId);
    if (number === 'cancelled') return { kind: 'failed', reason: 'the build was cancelled in the queue' };
    if (number === null) return { kind: 'waiting', reason: 'the build waits in the queue of Jenkins' };
    return { kind: 'further', build: { ...build, number }, reason: `build #${number} has begun` };
  }
  const number = await jenkins.find(parameters, Date.parse(build.decided) - skewMs);
  if (number !== null)
    return { kind: 'further', build: { ...build, number }, reason: `found build #${number}` };
  const queueId = await jenkins.trigger(parameters);
  return { kind: 'further', build: { ...build, queueId }, reason: `asked Jenkins for ${parameters.ACTION}` };
}
