import { readFleet } from '@coalmine/fleet/members.js';
import type { Act } from '../act.js';
import { overloadFor, relief } from '../overload.js';
import { seconds } from '../run.js';
import type { Stage } from '../stage.js';

export const productionOverloaded: Act = {
  name: 'Production overloaded',
  promise: 'a second server, and one again when the load has gone',
  async play(stage) {
    const { narrate, visitors } = stage;
    narrate('the fleet is told the quick rules (Ansible)');
    await stage.coalmine('playbook', 'site');
    await stage.onDroplet('prod-1', overloadFor(120));
    const began = Date.now();
    narrate('prod-1 is busy; Jenkins will be asked for a second server');
    let grown: number;
    try {
      await stage.until('a second server', 120, async () => (await inRotation(stage)) === 2);
      const served = visitors.servedCount('prod-2');
      await stage.until('a visitor at prod-2', 20, () => visitors.servedCount('prod-2') > served);
      grown = Date.now() - began;
      narrate(`prod-2 serves after ${seconds(grown)}; the load goes`);
    } finally {
      await stage.onDroplet('prod-1', relief);
    }
    const relieved = Date.now();
    await stage.until('one server again', 120, async () => (await inRotation(stage)) === 1);
    await stage.until('the end of prod-2', 60, async () =>
      (await stage.droplets()).every(({ name }) => name !== 'prod-2'),
    );
    const shrunk = Date.now() - relieved;
    return {
      measured: `prod-2 serves ${seconds(grown)} after, gone ${seconds(shrunk)} after the load`,
      kept: true,
    };
  },
};

async function inRotation({ redis }: Stage): Promise<number> {
  const members = [...(await readFleet(redis)).values()];
  return members.filter(({ pool, state }) => pool === 'prod' && state === 'in').length;
}
