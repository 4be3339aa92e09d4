import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readConfig, type Config } from '@coalmine/fleet/config.js';
import { readEnvironment, type Environment } from './environment.js';
import { gitOrNull } from './git.js';
import { Problem } from './problem.js';

/** A repository with a `coalmine.yml`, and the folder in which Coalmine keeps what it makes for it. */
export interface Project {
  /** Root of the repository. */
  root: string;
  /** Keys, secrets, inventory, releases: mode 0700, never in git. */
  home: string;
  config: Config;
}

/** The installed Coalmine itself: playbooks, hooks, local cloud. */
export const installation = resolve(import.meta.dirname, '../../..');

/**
 * Finds the project around a folder and reads its configuration. `COALMINE_HOME` moves the home elsewhere:
 * a build in Jenkins works in a checkout of its own but deploys with the fleet's keys.
 */
export async function openProject(from = process.cwd()): Promise<Project> {
  const root = findRoot(from);
  const home = resolve(process.env.COALMINE_HOME ?? join(root, '.coalmine'));
  await mkdir(home, { recursive: true, mode: 0o700 });
  return { root, home, config: await readConfig(join(root, 'coalmine.yml')) };
}

/** A clone's project, with the keys of the Coalmine that its hooks were installed from. */
export async function openClone(clone: string): Promise<{ project: Project; environment: Environment }> {
  const installedFrom = await gitOrNull(clone, 'config', 'coalmine.home');
  if (installedFrom) process.env.COALMINE_HOME ??= installedFrom;
  const project = await openProject(clone);
  return { project, environment: await readEnvironment(project) };
}

function findRoot(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'coalmine.yml'))) return folder;
    if (folder === dirname(folder)) {
      throw new Problem(
        `No coalmine.yml in ${from} or above it`,
        'Run coalmine inside a repository that has one.',
      );
    }
  }
}
