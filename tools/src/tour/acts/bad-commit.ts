import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Broken, type Act } from '../act.js';
import { seconds } from '../run.js';
import type { Stage } from '../stage.js';
import { lastLine } from './good-commit.js';

export const failingSpec: Act = {
  name: 'A failing spec',
  promise: 'the commit is taken back, and kept aside',
  play: (stage) =>
    takenBack(stage, 'tools/spec/plan.spec.ts', "\nit('fails on purpose', () => fail('on purpose'));\n"),
};

export const lintError: Act = {
  name: 'A lint error',
  promise: 'the commit is taken back, and kept aside',
  play: (stage) =>
    takenBack(stage, 'tools/src/table.ts', '\nexport function odd(x: any) { return x == null; }\n'),
};

/** Commits a bad line, and sees it gone from the branch and the folder, but not from the repository. */
async function takenBack(
  stage: Stage,
  file: string,
  line: string,
): Promise<{ measured: string; kept: boolean }> {
  const good = await stage.git('rev-parse', 'HEAD');
  const canary = await stage.releaseOf('canary');
  await appendFile(join(stage.clone, file), line);
  const began = Date.now();
  const { said } = await stage.gitWithHook('commit', '--all', '--message', `Bad: ${file}`);
  const took = seconds(Date.now() - began);
  const rejected = /(refs\/coalmine\/rejected\/[0-9a-f]+)/.exec(said)?.[1];
  if (!rejected) throw new Broken(`nothing was kept aside: ${lastLine(said)}`);
  if ((await stage.git('rev-parse', 'HEAD')) !== good) throw new Broken('the branch still has the commit');
  if (await stage.git('status', '--porcelain')) throw new Broken('the folder is not as it was');
  if (!(await stage.git('show', `${rejected}:${file}`)).includes(line.trim()))
    throw new Broken(`${rejected} has not what was committed`);
  if ((await stage.releaseOf('canary')) !== canary) throw new Broken('it came onto the canary');
  stage.narrate(`red; taken back, kept as ${rejected.slice(0, 35)}…`);
  return { measured: `back on the stable commit after ${took}`, kept: true };
}
