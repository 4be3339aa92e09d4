import { Redis, type RedisOptions } from 'ioredis';

/**
 * Connects to the fleet's Redis. `redis://`, `rediss://` and
 * `redis+sentinel://user:password@host:26379,host:26379/primary-name` all work by URL alone.
 * A connection that is away is tried again for ever, at most every second; commands meanwhile fail
 * at once instead of queueing, so that no caller waits for a Redis that is not there.
 */
export function connectRedis(url: string, options: RedisOptions = {}): Redis {
  const settings: RedisOptions = {
    connectTimeout: 2000,
    commandTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 5), 1000),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...options,
  };
  if (!url.startsWith('redis+sentinel://')) return new Redis(url, settings);
  const { sentinels, primary, username, password } = parseSentinelUrl(url);
  return new Redis({ ...settings, sentinels, name: primary, username, password });
}

/** Waits until a new connection is usable. Throws after `timeoutMs` with the address that does not answer. */
export async function connected(redis: Redis, timeoutMs = 5000): Promise<Redis> {
  if (redis.status === 'ready') return redis;
  await new Promise<void>((resolve, reject) => {
    let lastError: Error | undefined;
    const onError = (error: Error): void => {
      lastError = error;
    };
    const timer = setTimeout(() => {
      redis.off('error', onError);
      const { host, port } = redis.options;
      reject(
        new Error(`Redis at ${host}:${port} does not answer within ${timeoutMs} ms`, { cause: lastError }),
      );
    }, timeoutMs);
    redis.on('error', onError);
    redis.once('ready', () => {
      clearTimeout(timer);
      redis.off('error', onError);
      resolve();
    });
  });
  return redis;
}

function parseSentinelUrl(url: string): {
  sentinels: { host: string; port: number }[];
  primary: string;
  username?: string;
  password?: string;
} {
  const match = /^redis\+sentinel:\/\/(?:([^:@]*)(?::([^@]*))?@)?([^/]+)\/([^/?]+)$/.exec(url);
  if (!match?.[3] || !match[4]) {
    throw new Error('REDIS_URL: expected redis+sentinel://user:password@host:port,host:port/primary-name');
  }
  return {
    sentinels: match[3].split(',').map((entry) => {
      const [host = '', port = '26379'] = entry.split(':');
      return { host, port: Number(port) };
    }),
    primary: match[4],
    ...(match[1] ? { username: decodeURIComponent(match[1]) } : {}),
    ...(match[2] ? { password: decodeURIComponent(match[2]) } : {}),
  };
}
