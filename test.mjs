// npm test: style, lint and the three rings of specs, in the order in which a mistake shows soonest.
// COALMINE_RINGS=unit,contract narrows it.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

const rings = (process.env.COALMINE_RINGS ?? 'unit,contract,journey').split(',');
rmSync('build/reports/tally', { force: true });

const checks = [
  ['format', ['node_modules/.bin/prettier', '--check', '--cache', '--log-level=warn', '.']],
  ['lint', [process.execPath, 'lint.mjs']],
  ['ansible-lint', ['ansible-lint', '--offline', '--profile', 'production', '-q'], 'ansible'],
  ...rings.map((ring) => [ring, [process.execPath, 'jasmine.mjs', ring]]),
];

const tally = { passed: 0, failed: 0 };
for (const [name, [program, ...parameters], cwd = '.'] of checks) {
  const start = Date.now();
  const { status } = spawnSync(program, parameters, { stdio: 'inherit', cwd });
  process.stdout.write(
    `${status === 0 ? '✔' : '✗'} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`,
  );
  if (rings.includes(name)) addTally(name, status);
  else tally[status === 0 ? 'passed' : 'failed'] += 1;
}
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`);
process.exitCode = tally.failed === 0 ? 0 : 1;

/** A ring that died without writing its count is a failure of its own. */
function addTally(ring, status) {
  const [passed, failed] = lastTally();
  rmSync('build/reports/tally', { force: true });
  tally.passed += passed;
  tally.failed += failed === 0 && status !== 0 ? 1 : failed;
}

function lastTally() {
  try {
    return readFileSync('build/reports/tally', 'utf8').trim().split(' ').map(Number);
  } catch {
    return [0, 0];
  }
}
