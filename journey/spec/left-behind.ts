import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Trial } from './trial.js';

/** Takes a trial's fleet down, whatever became of it, and expects that nothing of it is left. */
export async function endAndLookBehind(trial: Trial): Promise<void> {
  const down = await trial.down();
  expect(down.code).withContext(down.output).toBe(0);
  expect(leftBehind(trial.home)).toEqual([]);
  trial.remove();
}

/** What the fleet of this home has on the machine: processes, mounts, its bridge, its firewall table. */
function leftBehind(of: string): string[] {
  const said = (program: string, ...parameters: string[]) =>
    spawnSync(program, parameters, { encoding: 'utf8' }).stdout;
  const cloud = `cm${createHash('sha256').update(join(of, 'digitalocean')).digest('hex').slice(0, 8)}`;
  const linesWith = (text: string, part: string) => text.split('\n').filter((line) => line.includes(part));
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ command: read(`/proc/${pid}/cmdline`), settings: read(`/proc/${pid}/environ`) }))
    .filter(({ command: line, settings }) => `${line}${settings}`.includes(of) || line.includes(cloud))
    .map(({ command: line }) => line);
  return [
    ...processes,
    ...linesWith(readFileSync('/proc/mounts', 'utf8'), of),
    ...linesWith(said('ip', '-o', 'link'), cloud),
    ...linesWith(said('nft', 'list', 'tables'), cloud),
    ...readdirSync('/sys/fs/cgroup').filter((name) => name.startsWith(cloud)),
  ];
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
