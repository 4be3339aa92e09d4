import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { readLocalEnvironment, writeLocalEnvironment, type Environment } from './environment.js';
import { writeFileAtomically } from './files.js';
import { Problem } from './problem.js';
import { choosePorts } from './local-ports.js';
import { installation, type Project } from './project.js';

type Server = 'digitalocean' | 'jenkins' | 'mail' | 'gate';

/** Throws a Problem, before anything is made, for anybody but root and when somebody else has one of the ports. */
export async function checkMachine(project: Project): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Problem(
      'The local cloud needs root: it makes machines, bridges and mounts',
      'Run it with sudo, or as root.',
    );
  }
  const environment = await environmentOf(project);
  const wanted = [
    ['digitalocean', environment.DIGITALOCEAN_API_URL],
    ['jenkins', environment.JENKINS_URL],
    ['mail', environment.MAIL_URL],
  ] as const;
  for (const [server, url] of wanted) await isRunning(project, server, portOf(url));
}

/** Builds the droplets' image if it is not cached; `onLine` is told what it does. Takes about a minute, once. */
export async function buildImage(project: Project, onLine: (line: string) => void): Promise<void> {
  const build = execa(process.execPath, [entry('digitalocean'), 'image'], {
    env: digitalOceanEnvironment(project, await environmentOf(project)),
    lines: true,
    reject: false,
    stdin: 'ignore',
  });
  for await (const line of build) onLine(line);
  const { exitCode, stderr } = await build;
  if (exitCode !== 0)
    throw new Problem(`The image of the droplets could not be built:\n  ${stderr.join('\n  ')}`);
}

/** Starts DigitalOcean and Jenkins on this machine, those that do not run already, and writes where they are. */
export async function startLocalCloud(project: Project): Promise<Environment> {
  const environment = await environmentOf(project);
  await writeLocalEnvironment(project.home, environment);
  const commands = await installCommand(project);
  await Promise.all([
    start(
      project,
      'digitalocean',
      portOf(environment.DIGITALOCEAN_API_URL),
      digitalOceanEnvironment(project, environment),
    ),
    start(project, 'jenkins', portOf(environment.JENKINS_URL), {
      COALMINE_JENKINS_LIBRARY: installation,
      COALMINE_JENKINS_HOME: join(project.home, 'jenkins'),
      COALMINE_JENKINS_PORT: String(portOf(environment.JENKINS_URL)),
      ...onlyDefined(environment),
      COALMINE_HOME: project.home,
      PATH: `${commands}:${process.env.PATH ?? ''}`,
    }),
  ]);
  return environment;
}

/** Starts the mail server, which listens on the droplets' gateway too, for their agents. */
export async function startMail(project: Project, gateway: string): Promise<Environment> {
  const environment = await environmentOf(project);
  const smtpPort = smtpPortOf(environment);
  const withSmtp = { ...environment, SMTP_URL: `smtp://${gateway}:${smtpPort}` };
  await writeLocalEnvironment(project.home, withSmtp);
  await start(project, 'mail', portOf(environment.MAIL_URL), {
    COALMINE_MAIL_HOME: join(project.home, 'mail'),
    COALMINE_MAIL_PORT: String(portOf(environment.MAIL_URL)),
    COALMINE_SMTP_PORT: String(smtpPort),
    COALMINE_SMTP_HOST: `127.0.0.1,${gateway}`,
  });
  return withSmtp;
}

/** Lets the droplets reach Jenkins at their gateway too: the controller asks it for promotions and rollbacks. */
export async function openJenkins(project: Project, gateway: string): Promise<Environment> {
  const environment = await environmentOf(project);
  const port = portOf(environment.JENKINS_URL);
  const withGate = { ...environment, JENKINS_FLEET_URL: `http://${gateway}:${port}` };
  await writeLocalEnvironment(project.home, withGate);
  const settings = { COALMINE_GATE_HOST: gateway, COALMINE_JENKINS_PORT: String(port) };
  await start(project, 'gate', port, settings, gateway);
  return withGate;
}

/** Takes the whole local cloud down, also one whose servers were killed. Leaves its cached image alone. */
export async function stopLocalCloud(project: Project): Promise<void> {
  await Promise.all(
    (['gate', 'jenkins', 'mail', 'digitalocean'] as const).map((server) => stop(project, server)),
  );
  const environment = await readLocalEnvironment(project.home);
  if (!environment.DIGITALOCEAN_TOKEN) return;
  const reap = await execa(process.execPath, [entry('digitalocean'), 'reap'], {
    env: digitalOceanEnvironment(project, environment),
    reject: false,
  });
  if (reap.exitCode !== 0) throw new Problem(`The local droplets could not be taken down:\n  ${reap.stderr}`);
}

/** True when a local cloud was started for this project and not taken down. */
export async function isLocal(project: Project): Promise<boolean> {
  return (await readLocalEnvironment(project.home)).DIGITALOCEAN_API_URL !== undefined;
}

/** True while that local cloud is up. */
export async function isUp(project: Project): Promise<boolean> {
  return (await runningPid(project, 'digitalocean')) !== null;
}

/** The addresses and tokens of this project's local cloud: those of last time, or new ones. */
async function environmentOf(project: Project): Promise<Environment> {
  const known = await readLocalEnvironment(project.home);
  if (known.DIGITALOCEAN_API_URL) return known;
  const ports = choosePorts();
  return {
    DIGITALOCEAN_API_URL: `http://127.0.0.1:${ports.digitalocean}/v2`,
    DIGITALOCEAN_TOKEN: `dop_v1_${randomBytes(32).toString('hex')}`,
    JENKINS_URL: `http://127.0.0.1:${ports.jenkins}`,
    JENKINS_USER: 'coalmine',
    JENKINS_TOKEN: `11${randomBytes(16).toString('hex')}`,
    MAIL_URL: `http://127.0.0.1:${ports.mail}`,
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
  };
}

function digitalOceanEnvironment(project: Project, environment: Environment): Record<string, string> {
  return {
    COALMINE_CLOUD_HOME: join(project.home, 'digitalocean'),
    COALMINE_CLOUD_PORT: String(portOf(environment.DIGITALOCEAN_API_URL)),
    DIGITALOCEAN_TOKEN: environment.DIGITALOCEAN_TOKEN ?? '',
  };
}

/** Starts one server in a session of its own, so that it outlives this command, and waits until it answers. */
async function start(
  project: Project,
  server: Server,
  port: number,
  environment: Record<string, string>,
  host = '127.0.0.1',
): Promise<void> {
  if (await isRunning(project, server, port, host)) return;
  const folder = join(project.home, 'local');
  await mkdir(folder, { recursive: true });
  const logFile = join(folder, `${server}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [entry(server), 'serve'], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment },
  });
  child.unref();
  await writeFileAtomically(pidFile(project, server), String(child.pid));
  for (let tries = 0; tries < 300; tries += 1) {
    if (await isReady(port, host)) return;
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join('\n  ');
  throw new Problem(`The local ${server} did not start:\n  ${tail}`, `All of it: ${logFile}`);
}

async function stop(project: Project, server: Server): Promise<void> {
  const pid = await runningPid(project, server);
  if (pid !== null) {
    process.kill(pid, 'SIGTERM');
    for (let tries = 0; tries < 100 && (await runningPid(project, server)) !== null; tries += 1)
      await sleep(50);
    if ((await runningPid(project, server)) !== null) process.kill(pid, 'SIGKILL');
  }
  await rm(pidFile(project, server), { force: true });
}

/** True when the server listens there already; throws a Problem when it is somebody else's. */
async function isRunning(
  project: Project,
  server: Server,
  port: number,
  host = '127.0.0.1',
): Promise<boolean> {
  if (!(await listens(port, host))) return false;
  if ((await runningPid(project, server)) !== null) return true;
  throw new Problem(
    `Port ${port} is in use, and ${server} wants it`,
    'Stop what listens there, or choose other ports: COALMINE_PORT_BASE=9080 npm start',
  );
}

/** The server's process id if it runs; a recycled id of another program does not count. */
async function runningPid(project: Project, server: Server): Promise<number | null> {
  const file = pidFile(project, server);
  if (!existsSync(file)) return null;
  const pid = Number(await readFile(file, 'utf8'));
  try {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return commandLine.includes(entry(server)) ? pid : null;
  } catch {
    return null;
  }
}

function listens(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 2000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false));
  });
}

/** A server answers before it is ready: Jenkins compiles its runtime first. */
async function isReady(port: number, host: string): Promise<boolean> {
  try {
    return (await fetch(`http://${host}:${port}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

/** `coalmine` on the PATH of the builds: the installed one, whatever the commit that is built contains. */
async function installCommand(project: Project): Promise<string> {
  const folder = join(project.home, 'bin');
  await mkdir(folder, { recursive: true });
  const main = join(installation, 'tools/dist/src/main.js');
  await writeFileAtomically(
    join(folder, 'coalmine'),
    `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`,
    0o755,
  );
  return folder;
}

function entry(server: Server): string {
  if (server === 'gate') return join(installation, 'local/jenkins/dist/src/gate.js');
  return join(installation, 'local', server, 'dist/src/main.js');
}

function pidFile(project: Project, server: Server): string {
  return join(project.home, 'local', `${server}.pid`);
}

function portOf(url: string | undefined): number {
  return Number(new URL(url ?? '').port);
}

function smtpPortOf(environment: Environment): number {
  return Number(/:(\d+)$/.exec(environment.SMTP_URL ?? '')?.[1]);
}

function onlyDefined(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
}
