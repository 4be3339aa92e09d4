import { git, gitOrNull } from '../git.js';
import { installHooks } from '../hooks-install.js';
import { openProject } from '../project.js';
import { Problem } from '../problem.js';

/** Installs the hooks into the clone around the current folder. */
export async function install(): Promise<void> {
  const clone = await gitOrNull(process.cwd(), 'rev-parse', '--show-toplevel');
  if (!clone) throw new Problem(`${process.cwd()} is not in a git clone`);
  process.env.COALMINE_HOME ??= (await gitOrNull(clone, 'config', 'coalmine.home')) ?? undefined;
  const { home } = await openProject(clone);
  for (const file of await installHooks(clone, home)) console.log(`✔ ${file}`);
  console.log(`They use the keys in ${await git(clone, 'config', 'coalmine.home')}`);
}
