// How long a commit takes to be green: npm run bench:build [-- --json] [-- --rounds=5]
// This repository, dependencies installed: `git commit` with the hooks, through Jenkins, beside a plain shell script that
// runs the same tools on the same change. Rounds alternate, so that a busy machine is busy for both.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Jenkins } from '../tools/dist/src/jenkins.js';
import { Controller } from '../tools/dist/spec/controller.js';

const execFilePromise = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'coalmine-bench-build-'));
const rounds = Number(/^--rounds=(\d+)$/m.exec(process.argv.join('\n'))?.[1] ?? 5);
const limit = 1.25;
// A file that others import, so that there is something to compile, to lint and to package.
const changed = 'fleet/src/log.ts';
const steps = {
  Test: 'npm run --silent test:unit',
  Lint: 'npm run --silent lint',
  Package: 'coalmine package',
};
const script = `#!/bin/sh -e
now() { date +%s.%N; }
timed() { since=$(now); eval "$2" >>"$LOG" 2>&1; echo "$1 $since $(now)" >>"$TIMES"; }
timed Test '${steps.Test}' & test=$!
timed Lint '${steps.Lint}' & lint=$!
wait $test; wait $lint
timed Package '${steps.Package}'
`;

const controller = new Controller(folder);
const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
const clone = join(folder, 'clone');
const plain = join(folder, 'plain');

try {
  await prepare();
  await controller.start({ PATH: env.PATH, COALMINE_HOME: join(folder, 'home') });
  Object.assign(env, controller.environment);
  const jenkins = new Jenkins(env, 'coalmine');
  await jenkins.ensureJob(join(folder, 'origin.git'));
  await run(clone, 'coalmine', 'hooks', 'install');
  for (const workspace of [join(folder, 'jenkins/jobs/coalmine/workspace'), plain])
    copyDependencies(workspace);
  const ours = [];
  const theirs = [];
  for (let round = 0; round <= rounds; round += 1) {
    const measured = [await commit(round), await plainScript(round)];
    if (round === 0) continue; // compiles everything
    ours.push(measured[0]);
    theirs.push(measured[1]);
  }
  report(ours, theirs);
} finally {
  await controller.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function prepare() {
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'home'));
  const command = join(root, 'tools/bin/coalmine.js');
  writeFileSync(join(folder, 'bin/coalmine'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`);
  writeFileSync(join(folder, 'plain.sh'), script);
  for (const file of ['bin/coalmine', 'plain.sh']) chmodSync(join(folder, file), 0o755);
  await run(folder, 'git', 'clone', '--quiet', '--bare', root, 'origin.git');
  for (const copy of [clone, plain]) {
    await run(folder, 'git', 'clone', '--quiet', root, copy);
    await run(copy, 'git', 'checkout', '--quiet', '-B', 'main');
    await run(copy, 'git', 'config', 'user.name', 'Bench');
    await run(copy, 'git', 'config', 'user.email', 'bench@localhost');
    await run(copy, 'git', 'remote', 'set-url', 'origin', join(folder, 'origin.git'));
  }
}

/** What `npm ci` would make, with the mark that it has been made for this lock file. */
function copyDependencies(workspace) {
  const target = join(workspace, 'node_modules');
  cpSync(join(root, 'node_modules'), target, { recursive: true, verbatimSymlinks: true });
  const lock = readFileSync(join(root, 'package-lock.json'));
  writeFileSync(join(target, '.coalmine-lock'), createHash('sha256').update(lock).digest('hex'));
}

/** `git commit` until it returns, which is when Jenkins has said green. */
async function commit(round) {
  appendFileSync(join(clone, changed), `// round ${round}\n`);
  const since = performance.now();
  const output = await run(clone, 'git', 'commit', '--quiet', '--all', '--message', `Round ${round}`);
  const total = (performance.now() - since) / 1000;
  const number = /Build #(\d+)/.exec(output)?.[1];
  if (!number || !output.includes('is green after')) throw new Error(`the commit is not green:\n${output}`);
  const { JENKINS_USER, JENKINS_TOKEN, JENKINS_URL } = env;
  const authorization = `Basic ${Buffer.from(`${JENKINS_USER}:${JENKINS_TOKEN}`).toString('base64')}`;
  const answer = await fetch(`${JENKINS_URL}/job/coalmine/${number}/wfapi/describe`, {
    headers: { authorization },
  });
  const { stages } = await answer.json();
  const seconds = stages.map(({ name, durationMillis }) => [name, durationMillis / 1000]);
  return { total, stages: Object.fromEntries(seconds.filter(([name]) => name in steps)) };
}

/** The same commit in a folder without hooks, then the script, in the same order and side by side as in the Jenkinsfile. */
async function plainScript(round) {
  appendFileSync(join(plain, changed), `// round ${round}\n`);
  const files = { LOG: join(folder, 'plain.log'), TIMES: join(folder, 'plain.times') };
  writeFileSync(files.TIMES, '');
  const since = performance.now();
  await run(plain, 'git', 'commit', '--quiet', '--all', '--message', `Round ${round}`);
  const variables = { ...files, COALMINE_HOME: join(folder, 'plain-home') };
  await runWith(variables, plain, join(folder, 'plain.sh')).catch((cause) => {
    throw new Error(`the plain script failed:\n${readFileSync(files.LOG, 'utf8')}`, { cause });
  });
  const total = (performance.now() - since) / 1000;
  const times = readFileSync(files.TIMES, 'utf8').trim().split('\n');
  const stages = times.map((line) => line.split(' ')).map(([name, begin, end]) => [name, end - begin]);
  return { total, stages: Object.fromEntries(stages) };
}

/** What a program said, on both streams: git shows a hook's output on standard error. */
async function run(cwd, program, ...parameters) {
  return runWith({ COALMINE_HOME: join(folder, 'home') }, cwd, program, ...parameters);
}

async function runWith(more, cwd, program, ...parameters) {
  try {
    const { stdout, stderr } = await execFilePromise(program, parameters, { cwd, env: { ...env, ...more } });
    return stdout + stderr;
  } catch (error) {
    throw new Error(`${program} ${parameters.join(' ')} failed\n${error.stdout}${error.stderr}`, {
      cause: error,
    });
  }
}

function report(ours, theirs) {
  const row = (name, of) => ({ name, ours: median(ours.map(of)), plain: median(theirs.map(of)) });
  const rows = Object.keys(steps).map((name) => row(name, ({ stages }) => stages[name]));
  const total = row('commit to green', (measured) => measured.total);
  const ratio = total.ours / total.plain;
  process.exitCode = ratio <= limit ? 0 : 1;
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ rounds, total, stages: rows, ratio, limit }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`median of ${rounds} commits        Coalmine   plain script\n`);
  for (const { name, ours: a, plain: b } of [...rows, total])
    process.stdout.write(
      `${name.padEnd(24)} ${a.toFixed(2).padStart(10)} s ${b.toFixed(2).padStart(10)} s\n`,
    );
  process.stdout.write(`${ratio.toFixed(2)} × the plain script (wanted: ${limit} ×)\n`);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
