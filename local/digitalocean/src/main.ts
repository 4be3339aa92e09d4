import { mkdir } from 'node:fs/promises';
import { pino } from 'pino';
import { Cloud, reap } from './cloud.js';
import { readCloudConfig } from './config.js';
import { ensureImage } from './image.js';
import { run } from './run.js';
import { createServer } from './server.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  await main(process.argv[2]);
} catch (error) {
  process.stderr.write(`digitalocean: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(command: string | undefined): Promise<void> {
  const config = readCloudConfig();
  if (process.getuid?.() !== 0) throw new Error('needs root: it makes machines, bridges and mounts');
  switch (command) {
    case 'image':
      await ensureImage(config.imageFolder, say);
      return;
    case 'reap':
      await reap(config);
      return;
    case 'serve':
      await serve();
      return;
    default:
      throw new Error(`unknown command "${command ?? ''}": serve, image or reap`);
  }

  async function serve(): Promise<void> {
    for (const program of ['systemd-nspawn', 'nft', 'ip']) await run(program, '--version').catch(needed);
    await mkdir(config.home, { recursive: true, mode: 0o700 });
    const log = pino({ base: { part: 'digitalocean' } });
    const cloud = new Cloud(config, log);
    await cloud.recover();
    const server = createServer(cloud, log).listen(config.port, '127.0.0.1', (error?: Error) => {
      if (!error) {
        log.info({ port: config.port }, 'digitalocean is listening');
        return;
      }
      log.error(`port ${config.port} is in use: stop what listens there, or set another COALMINE_CLOUD_PORT`);
      process.exit(1);
    });
    // The droplets go on without their API.
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => server.close(() => process.exit(0)));
    process.once('SIGTERM', () => server.closeAllConnections());
  }
}

/** A program that is there but knows no `--version` is fine; one that is not there is said with its package. */
function needed(error: unknown): void {
  if ((error as Error).message.includes('not installed')) throw error;
}
