import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, soon } from '@coalmine/fleet/testbed.js';
import { Redis } from 'ioredis';
import { installation } from '../src/project.js';

describe('the rights of Redis’ users', () => {
  let folder: string;
  let port: number;
  let server: ChildProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-rights-'));
    port = await freePort();
    const template = join(installation, 'ansible/roles/redis/templates/users.acl.j2');
    const everybody = (await readFile(template, 'utf8'))
      .split('\n')
      .find((line) => line.startsWith('user default'));
    if (!everybody) throw new Error('the template says nothing of the user default');
    const all = 'user tools on >secret ~* &* +@all';
    await writeFile(join(folder, 'users.acl'), `${everybody}\n${all}\n`);
    await start();
  });
  afterEach(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    server = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
        ...['--appendonly', 'yes', '--appendfsync', 'always', '--aclfile', join(folder, 'users.acl')],
      ],
      { stdio: 'ignore' },
    );
    const answers = () =>
      as('tools', (redis) => redis.ping().then((pong) => pong === 'PONG')).catch(() => false);
    if (!(await soon(answers))) throw new Error('redis-server does not answer');
  }

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGKILL');
    await ended;
  }

  async function as<T>(user: 'tools' | null, use: (redis: Redis) => Promise<T>): Promise<T> {
    const login = user ? { username: user, password: 'secret' } : {};
    const redis = new Redis({
      port,
      ...login,
      retryStrategy: null,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
      enableReadyCheck: false,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  it('let a Redis that was killed remember its transactions, and nobody in without a name', async () => {
    await as('tools', (redis) => redis.multi().set('in', 'a transaction').incr('revision').exec());
    await kill();
    await start();
    expect(await as('tools', (redis) => redis.mget('in', 'revision'))).toEqual(['a transaction', '1']);
    await expectAsync(as(null, (redis) => redis.get('in'))).toBeRejectedWithError(/NOAUTH/);
    const asDefault = as(null, (redis) => redis.call('AUTH', 'default', ''));
    await expectAsync(asDefault).toBeRejectedWithError(/WRONGPASS|invalid/);
  });
});
