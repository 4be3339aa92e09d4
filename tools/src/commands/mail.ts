import { z } from 'zod';
import { dropletNamed, openFleet } from '../fleet.js';
import { poolOf } from '../plan.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { onDroplet } from '../remote.js';

const resultsSchema = z.array(z.object({ receiver: z.string(), error: z.string().nullable() }));

/** Sends a test to every receiver of alerts, from a droplet and with its settings, as an alert would go. */
export async function mailTest(options: { from?: string; json?: boolean }): Promise<boolean> {
  const fleet = await openFleet(await openProject());
  const controller = fleet.droplets.find((droplet) => poolOf(droplet) === 'redis');
  const name = options.from ?? controller?.name;
  if (name === undefined) throw new Problem('The fleet has no droplet to send from', 'Run `coalmine up`.');
  const droplet = dropletNamed(fleet, name);
  const printed = await onDroplet(fleet.project.home, droplet, [
    ...['systemd-run', '--quiet', '--pipe', '--wait', '--collect', '-p', 'User=coalmine-monitor'],
    ...['-p', 'EnvironmentFile=/etc/default/monitor'],
    ...['/usr/local/bin/node', '/srv/monitor/current/main.js', 'mail-test'],
  ]);
  const results = resultsSchema.parse(JSON.parse(printed.trim().split('\n').at(-1) ?? '[]'));
  if (results.length === 0)
    throw new Problem(
      'Nobody is told of alerts',
      'Give monitor.mail or monitor.webhook in coalmine.yml, then coalmine up.',
    );
  if (options.json) console.log(JSON.stringify({ from: name, results }, null, 2));
  else
    for (const { receiver, error } of results)
      console.log(error === null ? `✔ ${receiver}: taken` : `✖ ${receiver}: ${error}`);
  return results.every(({ error }) => error === null);
}
