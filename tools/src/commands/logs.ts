import { execa } from 'execa';
import { dropletNamed, openFleet } from '../fleet.js';
import { poolOf } from '../plan.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { sshArguments } from '../ssh-identity.js';
import type { Pool } from '@coalmine/fleet/keys.js';

const mainUnit: Record<Pool, string> = {
  prod: 'app-server',
  canary: 'app-server',
  proxy: 'proxy-server',
  redis: 'feature-flag',
};

/** Shows the journal of a droplet's service. */
export async function logs(
  name: string,
  options: { unit?: string; follow?: boolean; lines: string },
): Promise<void> {
  const { project, droplets } = await openFleet(await openProject());
  const droplet = dropletNamed({ droplets }, name);
  const pool = poolOf(droplet);
  const unit = options.unit ?? (pool ? mainUnit[pool] : '*');
  if (!/^[\w@.:*-]+$/.test(unit))
    throw new Problem(`${unit} is not the name of a unit`, 'For example: --unit monitor');
  await execa(
    'ssh',
    [
      ...sshArguments(project.home, droplet.id),
      `root@${droplet.address}`,
      ...[
        'journalctl',
        '--no-pager',
        '--output=cat',
        `--unit=${unit}`,
        `--lines=${Number(options.lines) || 100}`,
      ],
      ...(options.follow ? ['--follow'] : []),
    ],
    { stdio: 'inherit', reject: false },
  );
}
