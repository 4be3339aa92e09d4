import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRollout } from '@coalmine/fleet/rollout.js';
import { parseDocument } from 'yaml';
import { Broken, type Act } from '../act.js';
import { seconds } from '../run.js';

/** Rules for a tour: what takes minutes by default takes seconds, with the same machinery. */
const quickly = {
  canary: { steps: [20, 50], interval: '2s', minRequests: 20, maxErrorIncrease: 20, maxLatencyIncrease: 300 },
  autoscale: { window: '6s', stabilisation: '10s', cooldown: '5s', warmUp: '5s' },
};

export const goodCommit: Act = {
  name: 'A good commit',
  promise: 'canary, verdict, production, by itself',
  async play(stage) {
    const { narrate, redis, visitors } = stage;
    const began = Date.now();
    await stage.checkOut('canary', { including: 'main' });
    const file = join(stage.clone, 'coalmine.yml');
    const document = parseDocument(await readFile(file, 'utf8'));
    for (const [key, value] of Object.entries(quickly)) document.set(key, document.createNode(value));
    document.setIn(['pools', 'prod', 'max'], 2);
    // A tour that was taken before has left the same rules: the time makes it a commit of its own.
    document.commentBefore = ` On tour since ${new Date().toISOString()}: quick rules.`;
    await writeFile(file, document.toString());
    const { said } = await stage.gitWithHook('commit', '--all', '--message', 'A good commit');
    const head = await stage.git('rev-parse', 'HEAD');
    if (!said.includes('serving on canary')) throw new Broken(lastLine(said));
    narrate(`built, tested, linted and on the canary after ${seconds(Date.now() - began)}`);
    const served = visitors.servedCount('canary-1');
    await stage.until('a visitor at the canary', 20, () => visitors.servedCount('canary-1') > served);
    narrate('visitors meet it; the verdict is out');
    await stage.until('production', 90, async () => (await stage.releaseOf('prod')) === head);
    await stage.until(
      'the end of the rollout',
      20,
      async () => (await readRollout(redis))?.state === 'promoted',
    );
    const { reason = '' } = (await readRollout(redis)) ?? {};
    narrate(`verdict: ${reason}`);
    return { measured: `in production ${seconds(Date.now() - began)} after the commit`, kept: true };
  },
};

export function lastLine(said: string): string {
  return said.trim().split('\n').at(-1) ?? '';
}
