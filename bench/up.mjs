// How long a fleet takes: npm run bench:up [-- --json] [-- --cold]
// On a cloud of its own. --cold forgets the image of the droplets first, as on a fresh machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const home = mkdtempSync(join(tmpdir(), 'coalmine-bench-'));
const project = join(home, 'shop');
const clone = join(home, 'home/trial');
const env = {
  ...process.env,
  COALMINE_HOME: join(home, 'home'),
  COALMINE_PORT_BASE: '28080',
  ...(process.argv.includes('--cold') ? { COALMINE_IMAGE_DIR: join(home, 'images') } : {}),
};
const limits = {
  'start, nothing cached': 240,
  'start, the first in a folder': 45,
  'start, image cached': 45,
  'site.yml, first': 25,
  'site.yml, nothing changes': 8,
  'droplet, call to login': 3,
  'commit to the canary': 30,
  'push to production': 15,
  'hook with nothing to do': 0.15,
};
const results = [];

try {
  execFileSync('git', ['clone', '--quiet', root, project]);
  const cold = process.argv.includes('--cold');
  measure(cold ? 'start, nothing cached' : 'start, the first in a folder', () =>
    coalmine('up', '--local', '--detach'),
  );
  coalmine('down');
  measure('start, image cached', () => coalmine('up', '--local', '--detach'));
  measure('site.yml, nothing changes', () => coalmine('playbook', 'site'));
  measure('droplet, call to login', () => coalmine('droplet', 'create', 'prod-2'));
  coalmine('droplet', 'create', 'prod-3', 'prod-4', 'canary-2');
  measure('site.yml, first', () => coalmine('playbook', 'site', '--limit', 'prod-2,prod-3,prod-4,canary-2'));
  git('checkout', '--quiet', 'canary');
  appendFileSync(join(clone, 'CHANGELOG.md'), '\nMeasured.\n');
  measure('commit to the canary', () => git('commit', '--quiet', '--all', '--message', 'Measure'));
  git('checkout', '--quiet', 'main');
  git('merge', '--quiet', '--ff-only', 'canary');
  measure('push to production', () => git('push', '--quiet', 'origin', 'main'));
  env.COALMINE_SKIP = '1';
  measure('hook with nothing to do', () => git('commit', '--quiet', '--allow-empty', '--message', 'Skipped'));
} finally {
  coalmine('down');
  rmSync(home, { recursive: true, force: true });
}

if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ results }, null, 2)}\n`);
else {
  for (const { name, seconds, limit } of results) {
    process.stdout.write(`${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s   (wanted: ${limit} s)\n`);
  }
}

function measure(name, work) {
  const start = performance.now();
  work();
  results.push({ name, seconds: Math.round(performance.now() - start) / 1000, limit: limits[name] });
}

function coalmine(...parameters) {
  run(project, process.execPath, join(root, 'tools/bin/coalmine.js'), ...parameters);
}

function git(...parameters) {
  run(clone, 'git', ...parameters);
}

function run(cwd, program, ...parameters) {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd, env, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${program} ${parameters.join(' ')} ended with ${status}\n${stdout}${stderr}`);
}
