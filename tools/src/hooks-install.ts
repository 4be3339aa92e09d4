import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { git } from './git.js';
import { Problem } from './problem.js';
import { installation } from './project.js';

const hooks = ['post-commit', 'pre-push'] as const;

/**
 * Puts the hooks into a clone. A hook of the user's own is moved to `<name>.before-coalmine`, which ours runs
 * first. The clone remembers which Coalmine runs them and where its keys are (`git config coalmine.*`).
 */
export async function installHooks(clone: string, home: string): Promise<string[]> {
  const folder = await hooksFolder(clone);
  await mkdir(folder, { recursive: true });
  for (const hook of hooks) {
    const file = join(folder, hook);
    if (existsSync(file) && !(await isOurs(file))) await rename(file, `${file}.before-coalmine`);
    await copyFile(join(installation, 'hooks', hook), file);
    await chmod(file, 0o755);
  }
  await git(clone, 'config', 'coalmine.node', process.execPath);
  await git(clone, 'config', 'coalmine.command', join(installation, 'tools/dist/src/main.js'));
  await git(clone, 'config', 'coalmine.home', resolve(home));
  return hooks.map((hook) => join(folder, hook));
}

async function hooksFolder(clone: string): Promise<string> {
  try {
    return resolve(clone, await git(clone, 'rev-parse', '--git-path', 'hooks'));
  } catch (cause) {
    throw new Problem(`${clone} is not a git repository`, 'Run `coalmine hooks install` inside a clone.', {
      cause,
    });
  }
}

async function isOurs(file: string): Promise<boolean> {
  return (await readFile(file, 'utf8')).includes('coalmine.command');
}
