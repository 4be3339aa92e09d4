import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { Cloud } from './cloud.js';
import { readCloudConfig, type CloudConfig } from './config.js';
import { ensureImage } from './image.js';
import { takeLock, type Taken } from './lock.js';
import { reap } from './reap.js';
import { recover } from './recover.js';
import { needMachine, needSpace } from './requirements.js';
import { createApi } from './server.js';

const lookMs = 1000;

try {
  process.umask(0o022); // what is written here becomes the files of droplets
  await main(process.argv[2]);
} catch (error) {
  process.stderr.write(`digitalocean: ${(error as Error).message}\n`);
  process.exit(1);
}

async function main(command: string | undefined): Promise<void> {
  if (!['serve', 'image', 'reap'].includes(command ?? ''))
    throw new Error(`unknown command "${command ?? ''}": serve, image or reap`);
  const config = readCloudConfig();
  await needMachine();
  if (command === 'image') {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    await ensureImage(config.imageFolder, (line) => process.stdout.write(`${line}\n`));
  } else if (command === 'reap') await reap(config);
  else await serve(config, pino({ base: { part: 'digitalocean' } }));
}

/** One server a home: two would heal, and undo, each other's droplets. */
async function serve(config: CloudConfig, log: Logger): Promise<void> {
  await mkdir(config.home, { recursive: true, mode: 0o700 });
  await needSpace(config.home);
  const lock = await takeLock(join(config.home, 'serve.lock'));
  if ('holder' in lock)
    throw new Error(`process ${lock.holder} serves ${config.home} already: stop it, or take another home`);
  try {
    await open(config, log, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Listens first and heals then: a port in use changes nothing, and requests wait until the droplets are back. */
async function open(config: CloudConfig, log: Logger, lock: Taken): Promise<void> {
  const server = createServer();
  await listen(server, config.port);
  const cloud = new Cloud(config, log);
  const recovered = recover(cloud);
  server.on('request', createApi(cloud, log, recovered));
  await recovered;
  log.info({ port: config.port, network: `${cloud.network.prefix}.0.0/23` }, 'digitalocean is listening');
  setInterval(() => void cloud.noticeStops(), lookMs).unref();

  // The droplets go on without their API.
  const stop = (): void => {
    server.close(() => void lock.release().then(() => process.exit(0)));
    server.closeAllConnections();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = `port ${port} is in use: stop what listens there, or set another COALMINE_CLOUD_PORT`;
      reject(error.code === 'EADDRINUSE' ? new Error(inUse) : error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
