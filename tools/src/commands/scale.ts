import { setTimeout as sleep } from 'node:timers/promises';
import { readFleet } from '@coalmine/fleet/members.js';
import { destroyDroplet } from '../droplets.js';
import { openFleet, type Fleet } from '../fleet.js';
import { writeInventory } from '../inventory.js';
import { fleetTag, poolOf } from '../plan.js';
import { Problem, reasonOf } from '../problem.js';
import { openProject } from '../project.js';
import { scaleIn } from '../scale-in.js';
import { leave, scaleOut } from '../scale-out.js';
import { planScale, type ScalePlan } from '../scale-plan.js';
import { withRedis } from '../tunnel.js';
import { takeLock } from '../work-lock.js';

/** Makes production have so many droplets in rotation; on failure it is as before, or says what is left. */
export async function scale(count: string, options: { dryRun?: boolean; json?: boolean }): Promise<void> {
  const started = Date.now();
  const project = await openProject();
  const wanted = Number(count);
  const tell = (line: string): void => (options.json ? console.error : console.log)(`  ▸ ${line}`);
  const letGo = options.dryRun ? null : await takeLock(project.home);
  try {
    const fleet = await openFleet(project);
    await withRedis(project, fleet.droplets, async (redis) => {
      const members = await readFleet(redis);
      const before = [...members.values()].filter(
        ({ pool, state }) => pool === 'prod' && state === 'in',
      ).length;
      const plan = planScale(project.config, fleet.droplets, members, wanted);
      if (!options.dryRun) {
        const known = new Set(fleet.droplets.map(({ id }) => id));
        const undo = async (): Promise<string[]> => {
          const left = await removeNew(fleet, known, plan.create);
          await leave(redis, plan.create);
          return left;
        };
        if (plan.create.length + plan.finish.length > 0)
          await orUndone(() => scaleOut(fleet, redis, plan, tell), undo);
        await scaleIn(fleet, redis, plan.remove, tell);
      }
      const outcome = {
        wanted,
        before,
        ...namesOf(plan),
        seconds: Math.round((Date.now() - started) / 100) / 10,
      };
      if (options.json) console.log(JSON.stringify({ ...outcome, dryRun: options.dryRun === true }, null, 2));
      else console.log(scaleText(plan, outcome, options.dryRun === true));
    });
  } finally {
    await letGo?.();
  }
}

function namesOf({ keep, finish, create, remove }: ScalePlan): Record<string, string[]> {
  const names = (droplets: readonly { name: string }[]): string[] => droplets.map(({ name }) => name);
  return { keep: names(keep), finish: names(finish), create, remove: names(remove) };
}

function scaleText(plan: ScalePlan, outcome: { wanted: number; seconds: number }, dryRun: boolean): string {
  const lines = [
    ...plan.create.map((name) => `+ create   ${name}`),
    ...plan.finish.map(({ name }) => `~ finish   ${name}`),
    ...plan.keep.map(({ name }) => `= keep     ${name}`),
    ...plan.remove.map(({ name }) => `- destroy  ${name}`),
  ];
  const size = `${outcome.wanted} ${outcome.wanted === 1 ? 'droplet' : 'droplets'}`;
  if (dryRun) return [...lines, `production would have ${size}`].join('\n');
  return [...lines, `✔ production has ${size} after ${outcome.seconds} s`].join('\n');
}

/** Does the work; when it fails or is told to stop, what it made is removed before anybody hears of it. */
async function orUndone(work: () => Promise<unknown>, undo: () => Promise<string[]>): Promise<void> {
  const stop = stopSignal();
  try {
    await Promise.race([work(), stop.received]);
  } catch (error) {
    const problem = afterUndoing(error, await undo());
    if (!stop.stopped) throw problem;
    // What was asked of the cloud just before may only now be there; then nothing goes on behind our back.
    await sleep(2000);
    console.error(`coalmine: ${afterUndoing(error, await undo()).message}; what this call made was removed`);
    process.exit(130);
  } finally {
    stop.forget();
  }
}

function stopSignal(): { received: Promise<never>; readonly stopped: boolean; forget: () => void } {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let stopped = false;
  let onSignal: (signal: NodeJS.Signals) => void = () => undefined;
  const received = new Promise<never>((_, reject) => {
    onSignal = (signal) => {
      stopped = true;
      reject(new Problem(`Stopped by ${signal}`));
    };
  });
  for (const signal of signals) process.on(signal, onSignal);
  return {
    received,
    get stopped() {
      return stopped;
    },
    forget: () => signals.forEach((signal) => process.off(signal, onSignal)),
  };
}

function afterUndoing(error: unknown, left: readonly string[]): Problem {
  const way =
    left.length === 0
      ? 'What this call made was removed again.'
      : `Could not be removed again, please run \`coalmine orphans --reap\`: ${left.join(', ')}`;
  const own = error instanceof Problem && error.wayOut ? `${error.wayOut}\n→ ${way}` : way;
  return new Problem(error instanceof Problem ? error.message : reasonOf(error), own, { cause: error });
}

/** Removes droplets that were not there before and have one of these names; the cloud is asked, not the memory. */
async function removeNew(
  fleet: Fleet,
  known: ReadonlySet<number>,
  names: readonly string[],
): Promise<string[]> {
  const { project, cloud } = fleet;
  const left: string[] = [];
  const there = await cloud.listDroplets(fleetTag(project.config));
  const doomed = there.filter(({ id, name }) => !known.has(id) && names.includes(name));
  for (const droplet of doomed)
    await destroyDroplet(project, cloud, droplet).catch(() =>
      left.push(`${droplet.name} (droplet ${droplet.id})`),
    );
  fleet.droplets = there.filter((droplet) => poolOf(droplet) !== null && !doomed.includes(droplet));
  await writeInventory(project.home, fleet.droplets);
  return left;
}
