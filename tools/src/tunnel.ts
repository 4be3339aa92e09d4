import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connected, connectRedis } from '@coalmine/fleet/redis.js';
import { execa } from 'execa';
import type { Redis } from 'ioredis';
import type { Droplet } from './digitalocean.js';
import { poolOf } from './plan.js';
import { Problem } from './problem.js';
import type { Project } from './project.js';
import { readSecrets } from './secrets.js';
import { sshArguments } from './ssh-identity.js';

/**
 * Lends the fleet's Redis to `use`, through SSH: Redis listens on the private network only, where a laptop or a
 * Jenkins elsewhere is not. Throws a Problem when the tunnel or Redis does not come up.
 */
export async function withRedis<T>(
  project: Project,
  droplets: readonly Droplet[],
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const droplet = droplets.find((candidate) => poolOf(candidate) === 'redis');
  if (!droplet) throw new Problem('The fleet has no Redis droplet', 'Run `coalmine up`.');
  const { redis: passwords } = await readSecrets(project.home);
  return withTunnel(project, droplet, 6379, async (port) => {
    const redis = connectRedis(`redis://tools:${passwords.tools}@127.0.0.1:${port}`, {
      retryStrategy: () => 50,
      enableOfflineQueue: true,
      maxRetriesPerRequest: 3,
    });
    redis.on('error', () => undefined); // `connected` says what matters
    try {
      await connected(redis, 10_000);
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  });
}

/**
 * Lends a port of this machine that leads through SSH to a port of a droplet's private address. Throws a Problem when
 * SSH does not get there.
 */
export async function withTunnel<T>(
  project: Project,
  droplet: Droplet,
  remotePort: number,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const tunnel = execa(
    'ssh',
    [
      ...sshArguments(project.home, droplet.id),
      ...['-N', '-o', 'ExitOnForwardFailure=yes'],
      ...['-L', `127.0.0.1:${port}:${droplet.privateAddress}:${remotePort}`],
      `root@${droplet.address}`,
    ],
    { reject: false, stdin: 'ignore', cleanup: true },
  );
  try {
    const ended = tunnel.then(() => Promise.reject(new Error('ssh has ended')));
    await Promise.race([listening(port), ended]);
    return await use(port);
  } catch (error) {
    if (tunnel.exitCode === null || tunnel.exitCode === undefined) throw error;
    throw new Problem(`No SSH tunnel to ${droplet.name}: ${(await tunnel).stderr}`, undefined, {
      cause: error,
    });
  } finally {
    tunnel.kill();
    await tunnel;
  }
}

/** SSH takes a moment until it listens. */
async function listening(port: number): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await isOpen(port)); await sleep(50)) {
    if (Date.now() > deadline) throw new Problem('No SSH tunnel within 10 s', 'coalmine status');
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
