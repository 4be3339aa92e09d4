// npm test: style, lint and the three rings of specs, in the order in which a mistake shows soonest.
// COALMINE_RINGS=unit,contract narrows it.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

const rings = (process.env.COALMINE_RINGS ?? 'unit,contract,journey').split(',');
rmSync('build/reports', { recursive: true, force: true });

// Contract specs wait for their peers most of the time: three processes share them.
const shares = { contract: 3 };

const checks = [
  { name: 'format', command: ['node_modules/.bin/prettier', '--check', '--cache', '--log-level=warn', '.'] },
  { name: 'lint', command: [process.execPath, 'lint.mjs'] },
  {
    ...{ name: 'ansible-lint', cwd: 'ansible' },
    command: ['ansible-lint', '--offline', '--profile', 'production', '-q'],
  },
];

const tally = { passed: 0, failed: 0 };
for (const { name, command, cwd = '.' } of checks) {
  const good = await timed(name, () => run(command, { stdio: 'inherit', cwd }));
  tally[good ? 'passed' : 'failed'] += 1;
}
for (const ring of rings) {
  const count = shares[ring] ?? 1;
  await timed(ring, async () => {
    const runs = Array.from({ length: count }, (_, index) => runShare(ring, index + 1, count));
    return (await Promise.all(runs)).every(Boolean);
  });
}
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`);
process.exitCode = tally.failed === 0 ? 0 : 1;

/** A share of a ring. One that died without writing its count is a failure of its own. */
async function runShare(ring, share, of) {
  const command = [process.execPath, 'jasmine.mjs', ring, `--share=${share}/${of}`];
  const good = await run(command, { stdio: ['ignore', of === 1 ? 'inherit' : 'pipe', 'inherit'] });
  const [passed, failed] = readTally(ring, share);
  tally.passed += passed;
  tally.failed += failed === 0 && !good ? 1 : failed;
  return good;
}

function readTally(ring, share) {
  try {
    return readFileSync(`build/reports/tally-${ring}-${share}`, 'utf8').trim().split(' ').map(Number);
  } catch {
    return [0, 0];
  }
}

/** Runs a command; what it says through a pipe is shown as a whole at its end. */
function run([program, ...parameters], options) {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, options);
    const said = [];
    child.stdout?.on('data', (data) => said.push(data));
    child.once('error', (error) => {
      process.stdout.write(`${program}: ${error.message}\n`);
      resolve(false);
    });
    child.once('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      resolve(status === 0);
    });
  });
}

async function timed(name, work) {
  const start = Date.now();
  const good = await work();
  process.stdout.write(`${good ? '✔' : '✗'} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
  return good;
}
