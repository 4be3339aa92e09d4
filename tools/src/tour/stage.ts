import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFleet } from '@coalmine/fleet/members.js';
import { execa } from 'execa';
import type { Redis } from 'ioredis';
import { statusOf, type Status } from '../commands/status.js';
import { dropletNamed, openFleet } from '../fleet.js';
import { git } from '../git.js';
import { installation, type Project } from '../project.js';
import { sshArguments } from '../ssh-identity.js';
import { Broken } from './act.js';
import type { Visitors } from './visitors.js';

const command = join(installation, 'tools/dist/src/main.js');
const pollMs = 100;

export interface StageParts {
  project: Project;
  /** The clone made for trying out. */
  clone: string;
  urls: Status['urls'];
  redis: Redis;
  visitors: Visitors;
  /** Says a line of the story. */
  narrate: (line: string) => void;
}

/** What the acts play on: the running fleet, the trial clone, and the visitors of the app. */
export class Stage {
  readonly clone: string;
  readonly urls: Status['urls'];
  readonly redis: Redis;
  readonly visitors: Visitors;
  readonly narrate: (line: string) => void;

  constructor(private readonly parts: StageParts) {
    ({ clone: this.clone, urls: this.urls, redis: this.redis } = parts);
    ({ visitors: this.visitors, narrate: this.narrate } = parts);
  }

  git(...parameters: string[]): Promise<string> {
    return git(this.clone, ...parameters);
  }

  /** Checks a branch out with all that another one has; should that make a commit, no hook builds it. */
  async checkOut(branch: string, { including }: { including: string }): Promise<void> {
    await this.git('checkout', '--quiet', branch);
    const parameters = ['merge', '--quiet', '--no-edit', including];
    await execa('git', parameters, { cwd: this.clone, env: { COALMINE_SKIP: '1' }, stdin: 'ignore' });
  }

  /** `git commit` or `git push` with its hook, as a person would; what git and the hook said, and how it ended. */
  async gitWithHook(...parameters: string[]): Promise<{ said: string; code: number }> {
    const { all, exitCode } = await execa('git', parameters, {
      ...{ cwd: this.clone, all: true, reject: false, stdin: 'ignore' },
    });
    return { said: all, code: exitCode ?? 1 };
  }

  /** `coalmine …` in the trial clone, by the tour's quick rules. Throws a Broken with what it said. */
  coalmine(...parameters: string[]): Promise<string> {
    return this.coalmineIn(this.clone, parameters);
  }

  /** The same in the project, by its own rules. */
  coalmineByDefault(...parameters: string[]): Promise<string> {
    return this.coalmineIn(this.parts.project.root, parameters);
  }

  /** A script on a droplet, as root. */
  async onDroplet(name: string, script: string): Promise<void> {
    const { droplets, project } = await openFleet(this.parts.project);
    const droplet = dropletNamed({ droplets }, name);
    await execa('ssh', [...sshArguments(project.home, droplet.id), `root@${droplet.address}`, script], {
      stdin: 'ignore',
    });
  }

  /** The release that a pool serves; null when its droplets disagree, or have none. */
  async releaseOf(pool: 'prod' | 'canary'): Promise<string | null> {
    const members = [...(await readFleet(this.redis)).values()].filter((member) => member.pool === pool);
    const releases = new Set(members.map(({ release }) => release));
    return releases.size === 1 ? ([...releases][0] ?? null) : null;
  }

  async droplets(): Promise<Status['droplets']> {
    return (await statusOf(await openFleet(this.parts.project))).droplets;
  }

  /** The subjects of the mails that came in so far, the newest first. */
  async mails(): Promise<string[]> {
    const answer = await fetch(`${this.urls.mail}/api/messages`);
    const { messages } = (await answer.json()) as { messages: { subject: string }[] };
    return messages.map(({ subject }) => subject);
  }

  /** Waits for something; returns how long it took, ms. Throws a Broken when it does not happen in time. */
  async until(what: string, seconds: number, holds: () => boolean | Promise<boolean>): Promise<number> {
    const began = Date.now();
    while (Date.now() - began < seconds * 1000) {
      if (await holds()) return Date.now() - began;
      await sleep(pollMs);
    }
    throw new Broken(`${what} did not happen within ${seconds} s`);
  }

  private async coalmineIn(folder: string, parameters: readonly string[]): Promise<string> {
    const { all, exitCode } = await execa(process.execPath, [command, ...parameters], {
      ...{ cwd: folder, all: true, reject: false, stdin: 'ignore' },
      env: { COALMINE_HOME: this.parts.project.home },
    });
    if (exitCode === 0) return all;
    const tail = all.trim().split('\n').slice(-3).join(' ');
    throw new Broken(`coalmine ${parameters.join(' ')} ended with ${exitCode}: ${tail}`);
  }
}
