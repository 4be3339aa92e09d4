import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';
import { Scene, sceneBuilds } from './dashboard-scene.js';
import { FakeJenkins } from './fake-jenkins.js';
import { writeUsers } from './redis-users.js';

export const token = 'the-operators-token';
const main = join(import.meta.dirname, '../src/main.js');
const build = resolve(import.meta.dirname, '../../page/build.mjs');
/** Where the real service looks for its page: beside its program. */
export const pageFolder = join(dirname(main), 'page');

/** The page, made as it is for a release. */
export async function buildPage(): Promise<void> {
  await promisify(execFile)(process.execPath, [build, pageFolder]);
}

/** The real service with its page, a real Redis with the fleet’s own rights in which the scene goes on, and a Jenkins that obeys. */
export class Stage {
  private constructor(
    readonly server: TestRedis,
    readonly redis: Redis,
    readonly jenkins: FakeJenkins,
    readonly monitor: TestService,
    private readonly live: NodeJS.Timeout,
    private readonly folder: string,
  ) {}

  static async set(minutes = 60, settings: Record<string, string> = {}): Promise<Stage> {
    const now = Date.now();
    await buildPage();
    const folder = await mkdtemp(join(tmpdir(), 'coalmine-stage-'));
    const users = join(folder, 'users.acl');
    await writeUsers(users);
    const server = await TestRedis.start(['--aclfile', users]);
    const redis = server.client();
    const scene = new Scene(redis, now);
    await scene.write(minutes);
    const jenkins = await FakeJenkins.start();
    jenkins.builds = sceneBuilds(now);
    const monitor = await TestService.start(main, {
      ...{ REDIS_URL: server.url, COALMINE_HOST: 'watcher', POOL: 'redis', SERVICE: `pid:${process.pid}` },
      SUSTAINED_MS: '3600000', // what else this machine does raises no alert on the stage
      ...{ DASHBOARD: 'true', DASHBOARD_TOKEN_SHA256: createHash('sha256').update(token).digest('hex') },
      DASHBOARD_REDIS_URL: server.url.replace('//', '//dashboard:dashboard-secret@'),
      ...jenkins.settings,
      ...settings,
    });
    const live = setInterval(() => void scene.second(Date.now()).catch(() => undefined), 1000);
    return new Stage(server, redis, jenkins, monitor, live, folder);
  }

  async strike(): Promise<void> {
    clearInterval(this.live);
    await this.monitor.stop('SIGKILL');
    this.jenkins.close();
    this.redis.disconnect();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
