import { execa } from 'execa';
import { dropletNamed, openFleet } from '../fleet.js';
import { openProject } from '../project.js';
import { sshArguments } from '../ssh-identity.js';

/** Opens a shell on a droplet, or runs a command there; ends as that ended. */
export async function ssh(name: string, command: readonly string[]): Promise<void> {
  const { project, droplets } = await openFleet(await openProject());
  const droplet = dropletNamed({ droplets }, name);
  const { exitCode } = await execa(
    'ssh',
    [...sshArguments(project.home, droplet.id), `root@${droplet.address}`, ...command.map(quoted)],
    { stdio: 'inherit', reject: false },
  );
  process.exitCode = exitCode ?? 1;
}

/** ssh joins its words for a shell on the other side, which is to see each of them as it was given here. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
