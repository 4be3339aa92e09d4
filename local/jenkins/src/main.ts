import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { describeErrors, validateJenkinsfile } from './api/validate.js';
import { readConfig } from './config.js';
import { Credentials } from './credentials.js';
import { Groovy } from './groovy.js';
import { Jobs } from './job.js';
import { Locks } from './locks.js';
import { Queue } from './queue.js';
import { abortInterrupted } from './recover.js';
import { createApp } from './server.js';

const log = pino({ base: { part: 'jenkins' }, timestamp: pino.stdTimeFunctions.isoTime });

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  mkdirSync(config.home, { recursive: true });
  const groovy = new Groovy(config.cache, config.groovyJar, log);
  // The port is taken first, so that a second server ends before it touches anything.
  const gettingReady: RequestListener = (_request, response) => {
    response.writeHead(503, { 'content-type': 'text/plain' });
    response.end('Please wait while Jenkins is getting ready to work\n');
  };
  const server = createServer(gettingReady);
  await listen(server, config.port);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  await groovy.prepare();
  const jobs = new Jobs(join(config.home, 'jobs'));
  const aborted = abortInterrupted(jobs);
  if (aborted > 0) log.warn({ aborted }, 'builds that a stop had interrupted are shown as aborted');
  const credentials = new Credentials(config.home);
  const queue = new Queue(
    { groovy, jobs, locks: new Locks(), credentials, home: config.home, url, library: config.library },
    config.executors,
    lastQueueId(jobs),
    log,
  );
  const restored = queue.restore();
  if (restored > 0) log.info({ restored }, 'what waited in the queue goes on');
  server.off('request', gettingReady);
  server.on('request', createApp({ config, jobs, queue, groovy, credentials }, log));
  log.info({ port, jobs: jobs.all.length }, `Jenkins is listening at ${url}`);

  const stop = async (): Promise<void> => {
    server.close();
    await queue.close();
    groovy.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new Error(`port ${port} is in use: stop what listens there, or set COALMINE_JENKINS_PORT`)
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

function lastQueueId(jobs: Jobs): number {
  return Math.max(0, ...jobs.all.flatMap(({ history }) => history.map(({ record }) => record.queueId)));
}

/** Exit code 0 for a Jenkinsfile that Jenkins would take, 1 for one it would refuse. */
async function lint(path: string): Promise<number> {
  const {
    COALMINE_CACHE_DIR = '/var/cache/coalmine',
    COALMINE_GROOVY_JAR = '/usr/share/java/groovy-all.jar',
  } = process.env;
  const groovy = new Groovy(COALMINE_CACHE_DIR, COALMINE_GROOVY_JAR, log);
  const script = readFileSync(path, 'utf8');
  await groovy.prepare();
  const errors = await validateJenkinsfile(groovy, script);
  groovy.stop();
  process.stdout.write(describeErrors(errors));
  return errors.length === 0 ? 0 : 1;
}

const [command, path] = process.argv.slice(2);
try {
  if (command === 'serve') await serve();
  else if (command === 'lint' && path) process.exit(await lint(path));
  else throw new Error('usage: main.js serve | main.js lint JENKINSFILE');
} catch (error) {
  process.stderr.write(`jenkins: ${(error as Error).message}\n`);
  process.exit(1);
}
