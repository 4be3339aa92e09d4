import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Broken, type Act } from '../act.js';
import { seconds } from '../run.js';
import { lastLine } from './good-commit.js';

export const pushUnderLoad: Act = {
  name: 'A push to production under load',
  promise: 'deployed before the push goes through, no request dropped',
  async play(stage) {
    await stage.checkOut('main', { including: 'canary' });
    await appendFile(join(stage.clone, 'CHANGELOG.md'), '\nOn tour.\n');
    await stage.gitWithHook('commit', '--all', '--message', 'On tour');
    const head = await stage.git('rev-parse', 'HEAD');
    stage.narrate('committed on main, and green; pushing');
    const began = Date.now();
    const { said, code } = await stage.gitWithHook('push', 'origin', 'main');
    const took = seconds(Date.now() - began);
    if (code !== 0) throw new Broken(`the push was refused: ${lastLine(said)}`);
    if ((await stage.releaseOf('prod')) !== head) throw new Broken('production has another release');
    return { measured: `in production with the push, ${took}`, kept: true };
  },
};
