import { z } from 'zod';
import { openFleet } from '../fleet.js';
import { poolOf } from '../plan.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { withTunnel } from '../tunnel.js';

const operationsPort = 9101;

const explanationSchema = z.object({
  pool: z.enum(['prod', 'canary']),
  key: z.string().nullable(),
  because: z.string(),
  weight: z.number(),
  why: z.string(),
});

/** Asks a proxy of the fleet where a request with these headers would go just now, and why. */
export async function explain(options: { cookie?: string; header: string[]; json?: boolean }): Promise<void> {
  const headers = new Headers(options.header.map(nameAndValue));
  if (options.cookie !== undefined) headers.set('cookie', asCookie(options.cookie));
  const { project, droplets } = await openFleet(await openProject());
  const droplet = droplets.find((candidate) => poolOf(candidate) === 'proxy');
  if (!droplet) throw new Problem('The fleet has no proxy', 'Run `coalmine up`.');
  const explanation = await withTunnel(project, droplet, operationsPort, async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/explain`, { headers });
    if (!response.ok) throw new Problem(`${droplet.name} answers ${response.status} to /explain`);
    return explanationSchema.parse(await response.json());
  });
  console.log(options.json ? JSON.stringify(explanation, null, 2) : explanation.why);
}

function nameAndValue(line: string): [string, string] {
  const [, name, value] = /^([\w-]+): ?(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new Problem(`"${line}" is no header`, 'Write it as it is sent: --header "x-user: ann"');
  return [name, value];
}

/** The bucket cookie's bare value will do, as it is shown in a browser. */
function asCookie(text: string): string {
  return text.includes('=') ? text : `coalmine-bucket=${text}`;
}
