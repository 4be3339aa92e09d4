import { pools, type Pool } from '@coalmine/fleet/keys.js';
import { createDroplets, destroyDroplet } from '../droplets.js';
import { dropletNamed, openFleet } from '../fleet.js';
import { goldenSnapshots, makeGolden } from '../golden.js';
import { inventoryList, inventoryYaml, hostVars, writeInventory } from '../inventory.js';
import { poolOf } from '../plan.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { runPlaybook } from '../ansible.js';
import { playbookVariables } from '../fleet.js';
import { table } from '../table.js';
import { takeLock } from '../work-lock.js';

/** Creates droplets by name; the pool is the name's first part (`prod-2`) unless given. */
export async function createByName(
  names: string[],
  options: { pool?: string; json?: boolean },
): Promise<void> {
  const fleet = await openFleet(await openProject());
  const wanted = names.map((name) => ({ name, pool: poolNamed(options.pool ?? name.replace(/-\d+$/, '')) }));
  const taken = wanted.filter(({ name }) => fleet.droplets.some((droplet) => droplet.name === name));
  const due = wanted.filter((entry) => !taken.includes(entry));
  for (const { name } of taken) if (!options.json) console.log(`= ${name} is there already`);
  const created = await createDroplets(fleet.project, fleet.cloud, due, (droplet) => {
    if (!options.json) console.log(`✔ ${droplet.name}  ${droplet.address}`);
  });
  if (options.json) console.log(JSON.stringify(created, null, 2));
}

export async function list(options: { json?: boolean }): Promise<void> {
  const { droplets } = await openFleet(await openProject());
  if (options.json) console.log(JSON.stringify(droplets, null, 2));
  else {
    console.log(
      table(
        ['NAME', 'ID', 'POOL', 'ADDRESS', 'PRIVATE', 'STATUS'],
        droplets.map((one) => [
          one.name,
          String(one.id),
          poolOf(one) ?? '',
          one.address,
          one.privateAddress,
          one.status,
        ]),
      ),
    );
  }
}

export async function destroyByName(names: string[]): Promise<void> {
  const fleet = await openFleet(await openProject());
  const doomed = names.map((name) => dropletNamed(fleet, name));
  for (const droplet of doomed) {
    await destroyDroplet(fleet.project, fleet.cloud, droplet);
    console.log(`✔ ${droplet.name} is gone`);
  }
}

/** Makes a golden snapshot, from which `coalmine scale` makes droplets faster; or lists those there are. */
export async function snapshot(options: { list?: boolean; json?: boolean }): Promise<void> {
  const project = await openProject();
  const tell = (line: string): void => (options.json ? console.error : console.log)(`  ▸ ${line}`);
  const letGo = options.list ? null : await takeLock(project.home);
  try {
    const fleet = await openFleet(project);
    const snapshots = options.list ? await goldenSnapshots(fleet) : [await makeGolden(fleet, tell)];
    if (options.json) console.log(JSON.stringify(snapshots, null, 2));
    else if (snapshots.length === 0)
      console.log('There is no golden snapshot; make one: coalmine droplet snapshot');
    else for (const { name, gigabytes } of snapshots) console.log(`✔ ${name}  ${gigabytes} GB`);
  } finally {
    await letGo?.();
  }
}

/** Writes the inventory, or answers Ansible as a dynamic inventory does. */
export async function inventory(options: { list?: boolean; host?: string; stdout?: boolean }): Promise<void> {
  const { project, droplets } = await openFleet(await openProject());
  if (options.list) console.log(JSON.stringify(inventoryList(project.home, droplets), null, 2));
  else if (options.host !== undefined) {
    const droplet = dropletNamed({ droplets }, options.host);
    const pool = poolOf(droplet);
    console.log(JSON.stringify(pool ? hostVars(project.home, droplet, pool) : {}, null, 2));
  } else if (options.stdout) console.log(inventoryYaml(project.home, droplets));
  else console.log(await writeInventory(project.home, droplets));
}

/** Runs a playbook over the fleet, with all it needs to know. */
export async function playbook(name: string, options: { limit?: string; check?: boolean }): Promise<void> {
  const fleet = await openFleet(await openProject());
  await writeInventory(fleet.project.home, fleet.droplets);
  const stats = await runPlaybook(fleet.project, {
    playbook: name,
    variables: await playbookVariables(fleet),
    ...(options.limit ? { limit: options.limit.split(',') } : {}),
    ...(options.check ? { check: true } : {}),
    onTask: (task) => console.log(`  ▸ ${task}`),
  });
  for (const [host, result] of stats) console.log(`✔ ${host}: ok=${result.ok} changed=${result.changed}`);
}

function poolNamed(name: string): Pool {
  if ((pools as readonly string[]).includes(name)) return name as Pool;
  throw new Problem(`"${name}" is not a pool`, `Pools are ${pools.join(', ')}; give one with --pool.`);
}
