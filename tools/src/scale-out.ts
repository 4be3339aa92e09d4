import { setTimeout as sleep } from 'node:timers/promises';
import { recordEvent } from '@coalmine/fleet/events.js';
import { keys } from '@coalmine/fleet/keys.js';
import { readFleet, writeFleet, type Fleet as Members } from '@coalmine/fleet/members.js';
import type { Redis } from 'ioredis';
import { runPlaybook } from './ansible.js';
import { homeOf, portOf } from './deploy.js';
import { readDeployments, recordDeployment, type Deployments } from './deployments.js';
import type { Droplet } from './digitalocean.js';
import { adoptDroplets, createDroplets } from './droplets.js';
import { playbookVariables, type Fleet } from './fleet.js';
import { goldenSnapshots } from './golden.js';
import { writeInventory } from './inventory.js';
import { poolOf } from './plan.js';
import { Problem } from './problem.js';
import { parts, readRelease, type Part, type Release } from './release.js';
import { onDroplet } from './remote.js';
import { usualRelease, type ScalePlan } from './scale-plan.js';

const answersWithinMs = 30_000;

/** What production runs, part by part, with the tarballs of each. */
export type Running = ReadonlyMap<string, { release: Release; parts: Part[] }>;

/**
 * What a new droplet of production has to run: the app that most of production runs, the other parts as they are there.
 * Throws a Problem when production runs nothing yet, or its release is not here any more.
 */
export async function runningInProduction(fleet: Fleet, members: Members): Promise<Running> {
  const { project, droplets } = fleet;
  const app = usualRelease(members);
  if (!app)
    throw new Problem('Production runs no release that a new droplet could take over', 'Deploy one first.');
  const commits = commitsOf(app, droplets, await readDeployments(project.home));
  const running = new Map<string, { release: Release; parts: Part[] }>();
  for (const [part, commit] of commits) {
    const known = running.get(commit) ?? { release: await readRelease(project.home, commit), parts: [] };
    known.parts.push(part);
    running.set(commit, known);
  }
  return running;
}

/** Part → commit, as production has them; the app as given. */
export function commitsOf(
  app: string,
  droplets: readonly Droplet[],
  deployed: Deployments,
): ReadonlyMap<Part, string> {
  const models = droplets.filter((droplet) => poolOf(droplet) === 'prod');
  return new Map(
    parts
      .filter((part) => homeOf[part].includes('prod'))
      .flatMap((part): [Part, string][] => {
        if (part === 'app-server') return [[part, app]];
        const commit = models
          .map(({ id }) => deployed[id]?.[part]?.commit)
          .find((found) => found !== undefined);
        return commit ? [[part, commit]] : [];
      }),
  );
}

/**
 * Makes and finishes the droplets of the plan, and puts them in rotation once each answers `/healthz` over the private
 * network with production's release. Nothing reaches the rotation before. Returns them.
 */
export async function scaleOut(
  fleet: Fleet,
  redis: Redis,
  plan: Pick<ScalePlan, 'create' | 'finish'>,
  tell: (line: string) => void,
): Promise<Droplet[]> {
  const { project, cloud } = fleet;
  const running = await runningInProduction(fleet, await readFleet(redis));
  const golden = plan.create.length > 0 ? (await goldenSnapshots(fleet))[0] : undefined;
  if (plan.create.length > 0) {
    tell(`creating ${plan.create.join(', ')} from ${golden?.name ?? project.config.provider.image}`);
  }
  const finished = await adoptDroplets(project, cloud, plan.finish);
  const created = await createDroplets(
    project,
    cloud,
    plan.create.map((name) => ({ name, pool: 'prod', ...(golden ? { image: golden.id } : {}) })),
    (droplet) => tell(`${droplet.name} answers at ${droplet.address}`),
  );
  const joining = [...finished, ...created];
  const names = joining.map(({ name }) => name);
  fleet.droplets = [...fleet.droplets.filter(({ name }) => !names.includes(name)), ...joining];
  await writeInventory(project.home, fleet.droplets);
  const variables = await playbookVariables(fleet);
  const others = fleet.droplets
    .filter((one) => poolOf(one) && !names.includes(one.name))
    .map(({ name }) => name);
  await Promise.all([
    runPlaybook(project, { playbook: 'site', limit: names, variables, onTask: tell }),
    runPlaybook(project, { playbook: 'firewall', limit: others, variables }),
  ]);
  for (const { release, parts: due } of running.values()) {
    tell(`releasing ${release.commit.slice(0, 10)} (${due.join(', ')})`);
    await runPlaybook(project, {
      playbook: 'deploy',
      limit: names,
      variables: { ...variables, coalmine_release: release, coalmine_parts: due },
    });
    await recordDeployment(
      project.home,
      joining.map((droplet) => ({ droplet, parts: due })),
      release,
    );
  }
  const app =
    [...running.values()].find(({ parts: due }) => due.includes('app-server'))?.release.commit ?? '';
  for (const droplet of joining) await answers(fleet, droplet, app);
  await enter(redis, joining, app);
  return joining;
}

/** Puts droplets in rotation. What an earlier droplet of the same name measured goes. */
async function enter(redis: Redis, joining: readonly Droplet[], release: string): Promise<void> {
  const who = process.env.BUILD_TAG ?? 'coalmine';
  await writeFleet(
    redis,
    Object.fromEntries(
      joining.map(({ name, privateAddress: address }) => [
        name,
        { pool: 'prod', address, port: portOf.prod, state: 'in', release } as const,
      ]),
    ),
  );
  for (const { name } of joining)
    await recordEvent(redis, { who, what: 'scale out', subject: name, why: `in rotation with ${release}` });
}

/** The proxy's droplet asks, so that the way is the one that users take. */
const askHealth = `const [url, release] = process.argv.slice(2);
const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
const said = await response.json();
if (!response.ok || said.release !== release) throw new Error(JSON.stringify(said));
`;

async function answers(fleet: Fleet, droplet: Droplet, release: string): Promise<void> {
  const asker = fleet.droplets.find((one) => poolOf(one) === 'proxy') ?? droplet;
  const url = `http://${droplet.privateAddress}:${portOf.prod}/healthz`;
  const words = ['/usr/local/bin/node', '--input-type=module', '-', url, release];
  for (const deadline = Date.now() + answersWithinMs; ; await sleep(500)) {
    try {
      await onDroplet(fleet.project.home, asker, words, askHealth);
      return;
    } catch (error) {
      if (Date.now() < deadline) continue;
      const wayOut = `Its log: coalmine logs ${droplet.name}`;
      throw new Problem(`${droplet.name} does not answer ${url}`, wayOut, { cause: error });
    }
  }
}

/** Forgets what Redis knows of a droplet that is gone. */
export async function leave(redis: Redis, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await writeFleet(redis, Object.fromEntries(names.map((name) => [name, null])));
  await redis.del(...names.map((name) => keys.samples(name)));
}
