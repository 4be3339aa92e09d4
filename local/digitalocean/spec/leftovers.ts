import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { mountPoints } from '../src/mounts.js';
import { processesWith } from '../src/process.js';

/** All that a cloud has on this machine outside its home; empty after it was reaped. */
export async function leftovers(home: string, id: string): Promise<string[]> {
  const name = `cm${id}`;
  const [links, tables] = await Promise.all([
    execa('ip', ['-brief', 'link']),
    execa('nft', ['list', 'tables']),
  ]);
  const cgroups = ['', 'cpu', 'memory', 'systemd', 'unified'].flatMap((tree) =>
    namesIn(`/sys/fs/cgroup/${tree}`),
  );
  return [
    ...(await processesWith(`--machine=${name}`)).map((pid) => `process ${pid}`),
    ...mountPoints(readFileSync('/proc/mounts', 'utf8')).filter((path) => path.startsWith(home)),
    ...[links.stdout, tables.stdout]
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.includes(name)),
    ...cgroups.filter((cgroup) => cgroup.startsWith(name)).map((cgroup) => `cgroup ${cgroup}`),
  ];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
