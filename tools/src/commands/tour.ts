import { writeFile } from 'node:fs/promises';
import { openFleet } from '../fleet.js';
import { git } from '../git.js';
import { isUp } from '../local-cloud.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { prepareTrialClone } from '../source.js';
import { failingSpec, lintError } from '../tour/acts/bad-commit.js';
import { canaryOverloaded } from '../tour/acts/canary-overloaded.js';
import { flagOffAndOn } from '../tour/acts/flag.js';
import { goodCommit } from '../tour/acts/good-commit.js';
import { productionOverloaded } from '../tour/acts/production-overloaded.js';
import { pushUnderLoad } from '../tour/acts/push.js';
import { redisKilled } from '../tour/acts/redis-killed.js';
import { rollBack } from '../tour/acts/rollback.js';
import { playAll, seconds, tourTable } from '../tour/run.js';
import { Stage } from '../tour/stage.js';
import { Visitors } from '../tour/visitors.js';
import { withRedis } from '../tunnel.js';
import { down } from './down.js';
import { statusOf } from './status.js';
import { up } from './up.js';

const acts = [
  ...[goodCommit, failingSpec, lintError, pushUnderLoad, flagOffAndOn],
  ...[canaryOverloaded, productionOverloaded, redisKilled, rollBack],
];

export interface TourOptions {
  /** A file for the outcome. */
  json?: string;
  /** Numbers of acts, comma-separated. */
  acts?: string;
}

/** Plays the whole story on the local cloud, and tells whether every promise was kept. */
export async function tour(options: TourOptions): Promise<boolean> {
  const project = await openProject();
  const chosen = choose(options.acts);
  const found = await isUp(project);
  if (!found) {
    console.log('No local cloud is running: one is started for the tour, and taken down after it.');
    await up({ local: true, detach: true });
  }
  try {
    const began = Date.now();
    const clone = await prepareTrialClone(project);
    if (await git(clone, 'status', '--porcelain')) {
      throw new Problem(
        `${clone} has changes of yours`,
        'Commit them there, or: git stash --include-untracked',
      );
    }
    const fleet = await openFleet(project);
    const { urls, droplets } = await statusOf(fleet);
    if (!urls.app || droplets.length === 0)
      throw new Problem('The fleet is not up', 'Run `npm start` first.');
    const visitors = new Visitors(urls.app);
    const narrate = (line: string): void => console.log(`   · ${line}`);
    const outcomes = await withRedis(project, fleet.droplets, (redis) =>
      playAll(chosen, new Stage({ project, clone, urls, redis, visitors, narrate }), console.log),
    ).finally(() => visitors.leave());
    console.log(`\n${tourTable(outcomes)}\n`);
    const kept = outcomes.filter((outcome) => outcome.kept).length;
    console.log(`${kept} of ${outcomes.length} promises kept, in ${seconds(Date.now() - began)}`);
    if (options.json) await writeFile(options.json, `${JSON.stringify({ acts: outcomes }, null, 2)}\n`);
    return kept === outcomes.length;
  } finally {
    if (!found) await down({ local: true, project });
  }
}

function choose(numbers: string | undefined): typeof acts {
  if (numbers === undefined) return acts;
  return numbers.split(',').map((text) => {
    const act = acts[Number(text) - 1];
    if (!act) throw new Problem(`--acts: there is no act ${text}`, `There are 1 to ${acts.length}.`);
    return act;
  });
}
