import { Broken, type Act } from '../act.js';
import { seconds } from '../run.js';

const promisedMs = 30_000;

export const rollBack: Act = {
  name: 'A rollback',
  promise: `the release before within ${promisedMs / 1000} s, no build, no request dropped`,
  async play(stage) {
    const latest = await stage.releaseOf('prod');
    const began = Date.now();
    await stage.coalmine('rollback', '--target', 'prod');
    const took = Date.now() - began;
    const now = await stage.releaseOf('prod');
    if (!now || now === latest) throw new Broken('production has the same release');
    stage.narrate(`production is back from ${latest?.slice(0, 10)} to ${now.slice(0, 10)}`);
    return { measured: `back after ${seconds(took)}`, kept: took <= promisedMs };
  },
};
