import { finish, type Cloud } from './cloud.js';
import { make, turnOn } from './droplet.js';
import { machineFolders } from './machine.js';
import { allowManyMachines } from './kernel.js';
import { raise } from './network.js';
import { sweepLayers, sweepUnfinished } from './snapshot.js';
import type { DropletRecord } from './store.js';

/**
 * Makes the world as it was recorded: the bridge, the droplets that were on, none that are not recorded. Droplets that
 * ran on without their API are left alone.
 */
export async function recover(cloud: Cloud): Promise<void> {
  const { droplets, actions } = cloud.store.state;
  await allowManyMachines();
  await raise(cloud.network);
  for (const action of actions) {
    if (action.status === 'in-progress' && action.type !== 'create') finish(action, 'errored');
  }
  const recorded = new Set(droplets.map(({ id }) => id));
  const unknown = (await machineFolders(cloud.dropletsFolder)).filter((id) => !recorded.has(id));
  await Promise.all(unknown.map((id) => cloud.machine(id).remove()));
  await sweepUnfinished(cloud);
  await sweepLayers(cloud);
  await Promise.all(droplets.map((droplet) => recoverDroplet(cloud, droplet)));
  cloud.store.save();
}

async function recoverDroplet(cloud: Cloud, droplet: DropletRecord): Promise<void> {
  const machine = cloud.machine(droplet.id);
  if (droplet.status === 'new') return finishCreation(cloud, droplet);
  droplet.locked = false;
  try {
    if (droplet.status === 'off') await machine.cut();
    else await machine.boot(cloud.network);
  } catch (error) {
    // One droplet that cannot be healed must not keep the others from their API.
    droplet.status = 'off';
    cloud.log.error({ err: error, droplet: droplet.name }, 'could not bring a droplet back');
  }
}

/** Goes on with a creation that was cut short, from the start if the machine does not run; does not wait for it. */
async function finishCreation(cloud: Cloud, droplet: DropletRecord): Promise<void> {
  const { actions } = cloud.store.state;
  const runs = (await cloud.machine(droplet.id).pid()) !== null;
  const work = (): Promise<void> => (runs ? turnOn(cloud, droplet) : make(cloud, droplet));
  const pending = actions.find(
    ({ resource_id, type, status }) =>
      resource_id === droplet.id && type === 'create' && status === 'in-progress',
  );
  if (pending) void cloud.carryOut(droplet, pending, work);
  else cloud.act(droplet, 'create', work);
}
