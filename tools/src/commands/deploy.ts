import { readDeployments } from '../deployments.js';
import { deployRelease, rollbackTo, type Target } from '../deploy.js';
import { openFleet, type Fleet } from '../fleet.js';
import { resolveCommit } from '../git.js';
import { poolOf } from '../plan.js';
import { Problem } from '../problem.js';
import { openProject, type Project } from '../project.js';
import { readRelease } from '../release.js';

const tell = (task: string): void => console.log(`  ▸ ${task}`);

/** Deploys a packaged commit to a target. */
export async function deploy(options: { target: Target; commit?: string }): Promise<void> {
  const project = await openProject();
  const release = await readRelease(project.home, await fullCommit(project, options.commit));
  const fleet = await openFleet(project);
  console.log(`Deploying ${release.commit.slice(0, 10)} to ${options.target}`);
  const deliveries = await deployRelease(fleet, options.target, release, tell);
  for (const { droplet, parts } of deliveries) console.log(`✔ ${droplet.name}: ${parts.join(', ')}`);
}

/** Puts a target back to its previous release, or to a named commit. */
export async function rollback(options: { target: Target; to?: string }): Promise<void> {
  const project = await openProject();
  const fleet = await openFleet(project);
  const to = options.to ? await fullCommit(project, options.to) : await previousCommit(fleet, options.target);
  console.log(`Rolling ${options.target} back to ${to.slice(0, 10)}`);
  await rollbackTo(fleet, options.target, await readRelease(project.home, to), tell);
  console.log(`✔ ${options.target} serves ${to.slice(0, 10)}`);
}

/** Deploys to production what the canary runs; with a commit, only if it still is that one: another was not judged. */
export async function promote(options: { commit?: string }): Promise<void> {
  const project = await openProject();
  const fleet = await openFleet(project);
  const deployed = await readDeployments(project.home);
  const canary = fleet.droplets.find((droplet) => poolOf(droplet) === 'canary');
  const commit = canary && deployed[canary.id]?.['app-server']?.commit;
  if (!commit) throw new Problem('The canary has no release to promote', 'Commit on its branch first.');
  if (options.commit && options.commit !== commit) {
    throw new Problem(
      `The canary runs ${commit.slice(0, 10)} by now, not ${options.commit.slice(0, 10)}`,
      'Promote the new release once it was judged.',
    );
  }
  await deploy({ target: 'prod', commit });
}

async function previousCommit(fleet: Fleet, target: Target): Promise<string> {
  const deployed = await readDeployments(fleet.project.home);
  const first = fleet.droplets.find((droplet) => poolOf(droplet) === target);
  const previous = first && deployed[first.id]?.['app-server']?.before[0];
  if (!previous) throw new Problem(`${target} has no earlier release to go back to`, 'Name one: --to COMMIT');
  return previous;
}

/** A commit in full: as given, or HEAD of the checkout. */
async function fullCommit(project: Project, name: string | undefined): Promise<string> {
  if (name && /^[0-9a-f]{40}$/.test(name)) return name;
  const commit = await resolveCommit(project.root, name ?? 'HEAD');
  if (!commit) throw new Problem(`${name ?? 'HEAD'} is not a commit in ${project.root}`);
  return commit;
}
