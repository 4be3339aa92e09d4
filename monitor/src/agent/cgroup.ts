import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folders of a process's cgroups, by controller: innermost first, the hierarchy's root last. */
export interface CgroupFolders {
  cpu: string[];
  cpuacct: string[];
  memory: string[];
  systemd: string[];
  unified: string[];
}

/**
 * Reads `/proc/PID/cgroup`. Version 1 has a hierarchy a controller; version 2 has one, which on a machine with both
 * stands in `unified`.
 */
export function cgroupFolders(text: string, root = '/sys/fs/cgroup'): CgroupFolders {
  const found: CgroupFolders = { cpu: [], cpuacct: [], memory: [], systemd: [], unified: [] };
  const unifiedRoot = existsSync(join(root, 'cgroup.controllers')) ? root : join(root, 'unified');
  for (const line of text.trim().split('\n')) {
    const [, controllers = '', path = '/'] = line.split(':');
    if (controllers === '') found.unified = upwards(unifiedRoot, path);
    for (const controller of controllers.split(',')) {
      if (controller === 'cpu' || controller === 'cpuacct' || controller === 'memory')
        found[controller] = upwards(join(root, controller), path);
      if (controller === 'name=systemd') found.systemd = upwards(join(root, 'systemd'), path);
    }
  }
  return found;
}

/** Only what is above systemd's own units: a limit on the agent's unit says nothing about the droplet. */
export function aboveUnits(folders: readonly string[]): string[] {
  return folders.filter((folder) => !/\.(slice|service|scope)(\/|$)/.test(folder));
}

function upwards(root: string, path: string): string[] {
  const names = path.split('/').filter(Boolean);
  return Array.from({ length: names.length + 1 }, (_, up) =>
    join(root, ...names.slice(0, names.length - up)),
  );
}
