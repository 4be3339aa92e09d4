import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { destroyDroplet } from '../droplets.js';
import { openFleet } from '../fleet.js';
import { inventoryFile } from '../inventory.js';
import { isLocal, stopLocalCloud } from '../local-cloud.js';
import { Problem } from '../problem.js';
import { openProject, type Project } from '../project.js';
import { stopHolder } from '../work-lock.js';

/** Destroys the fleet; a local cloud goes with it. A fleet at DigitalOcean is only destroyed with `--yes`. */
export async function down(options: { local?: boolean; yes?: boolean; project?: Project }): Promise<void> {
  const project = options.project ?? (await openProject());
  await stopHolder(project.home);
  if (options.local || (await isLocal(project))) {
    await stopLocalCloud(project);
    await forgetDroplets(project);
    console.log('✔ Everything is down. The image and the releases are kept: the next start is quicker.');
    return;
  }
  if (!existsSync(inventoryFile(project.home)) && !process.env.DIGITALOCEAN_TOKEN) {
    console.log('Nothing was ever brought up from here.');
    return;
  }
  const fleet = await openFleet(project);
  if (fleet.droplets.length === 0) {
    console.log('Nothing is up.');
    return;
  }
  const names = fleet.droplets.map((droplet) => droplet.name).join(', ');
  if (!options.yes)
    throw new Problem(`This destroys ${names} at DigitalOcean`, 'Say so: coalmine down --yes');
  for (const droplet of fleet.droplets) {
    await destroyDroplet(project, fleet.cloud, droplet);
    console.log(`✔ ${droplet.name} is gone`);
  }
  await forgetDroplets(project);
}

/** What was known of droplets that are gone; keys, secrets and releases stay. */
async function forgetDroplets(project: Project): Promise<void> {
  const about = ['deployments.json', 'inventory.yml', 'known_hosts', 'host-keys'];
  await Promise.all(about.map((name) => rm(join(project.home, name), { recursive: true, force: true })));
}
