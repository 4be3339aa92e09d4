import { execa } from 'execa';
import type { Droplet } from './digitalocean.js';
import { Problem } from './problem.js';
import { sshArguments } from './ssh-identity.js';

/**
 * Runs a command on a droplet and returns what it printed. The words must need no quoting: a shell on the other side
 * joins them; longer things go in through `input`. Throws a Problem with what the command said.
 */
export async function onDroplet(
  home: string,
  droplet: Pick<Droplet, 'id' | 'name' | 'address'>,
  words: readonly string[],
  input = '',
): Promise<string> {
  const odd = words.find((word) => !/^[\w@%+=:,./-]+$/.test(word));
  if (odd !== undefined) throw new Error(`"${odd}" would have to be quoted`);
  const outcome = await execa(
    'ssh',
    [...sshArguments(home, droplet.id), `root@${droplet.address}`, ...words],
    {
      input,
      reject: false,
      timeout: 60_000,
    },
  );
  if (outcome.exitCode === 0) return outcome.stdout;
  const said = outcome.stderr.trim() || `it ended with ${outcome.exitCode ?? outcome.signal ?? 'a timeout'}`;
  throw new Problem(`${droplet.name}: ${words.join(' ')}: ${said}`);
}
