import { readAlert } from '@coalmine/fleet/alerts.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import { Broken, type Act, type Played } from '../act.js';
import { overloadFor, relief } from '../overload.js';
import { seconds } from '../run.js';
import type { Stage } from '../stage.js';

const cutWithinMs = 5000;
const mailWithinMs = 10_000;

export const canaryOverloaded: Act = {
  name: 'The canary overloaded',
  promise: 'alert, out of the traffic in 5 s, mail in 10 s, rolled back',
  async play(stage) {
    const { narrate, visitors } = stage;
    const release = await stage.releaseOf('canary');
    if (!release || release === (await stage.releaseOf('prod')))
      throw new Broken('the canary has nothing to try: production has the same release');
    await stage.coalmineByDefault('deploy', '--target', 'canary', '--commit', release);
    await stage.coalmineByDefault('canary', 'weight', '50');
    const served = visitors.servedCount('canary-1');
    await stage.until('a visitor at the canary', 20, () => visitors.servedCount('canary-1') > served + 5);
    const isNew = mailsSince(await stage.mails(), () => stage.mails());
    narrate('every second visitor meets the canary; now its CPU is burnt');
    await stage.onDroplet('canary-1', overloadFor(90));
    try {
      return await watched(stage, isNew);
    } finally {
      await stage.onDroplet('canary-1', relief);
    }
  },
};

type IsNew = (pattern: RegExp) => Promise<boolean>;

/** From the burning on: the alert, the mail, the cut and the rollback. */
async function watched(stage: Stage, isNew: IsNew): Promise<Played> {
  const { narrate, redis, visitors } = stage;
  const burnt = Date.now();
  await stage.until('the alert', 60, async () => (await readAlert(redis, 'canary')) !== null);
  // On a machine that is busy itself, the loop may take a while to get as much CPU: overloaded is what is over.
  const began = Date.parse((await readAlert(redis, 'canary'))?.since ?? '');
  if (Number.isNaN(began)) throw new Broken('the alert was over before it could be read');
  narrate(`over the threshold after ${seconds(began - burnt)}, alert ${seconds(Date.now() - began)} later`);
  await stage.until('a mail', 30, () => isNew(/canary/));
  const mail = Date.now() - began;
  narrate(`mail ${seconds(mail)} after it was over the threshold`);
  await stage.until('the rollback', 60, async () => (await readRollout(redis))?.state === 'rolled-back');
  narrate(`rolled back: ${(await readRollout(redis))?.reason ?? ''}`);
  const cut = Math.max(0, (visitors.servedBy.get('canary-1')?.last ?? 0) - began);
  return {
    measured: `last visitor ${seconds(cut)} after, mail ${seconds(mail)} after, rolled back`,
    kept: cut <= cutWithinMs && mail <= mailWithinMs,
  };
}

/** Whether a mail has come that was not there before and whose subject matches. */
function mailsSince(before: readonly string[], mails: () => Promise<string[]>): IsNew {
  return async (pattern) => {
    const all = await mails();
    return all.slice(0, all.length - before.length).some((subject) => pattern.test(subject));
  };
}
