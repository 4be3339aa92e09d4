// Runs rings of specs (unit, contract, journey) from the compiled tree:
// node jasmine.mjs RING... [--filter=TEXT] [--share=1/3]    (the shares of a ring take equally long)
import Jasmine from 'jasmine';
import reporters from 'jasmine-reporters';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

const suffix = { unit: 'spec', contract: 'contract', journey: 'journey' };
const deadlineMs = { unit: 5_000, contract: 60_000, journey: 300_000 };
const rings = process.argv.slice(2).filter((argument) => argument in suffix);
/** What a file of contract specs takes, s, where that is more than a few: so that shares end together. */
const seconds = {
  ...{ 'nothing-lost': 132, agent: 34, hooks: 27, droplet: 25, survival: 25, page: 16, dashboard: 16 },
  ...{ library: 16, streams: 14, controller: 13, 'remote-api': 12, autoscale: 11, haproxy: 10, proxy: 9 },
};
const option = (name) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
const filter = option('filter');
const [share, shares] = (option('share') ?? '1/1').split('/').map(Number);

for (const ring of rings.length > 0 ? rings : ['unit']) {
  const jasmine = new Jasmine({ projectBaseDir: import.meta.dirname });
  jasmine.exitOnCompletion = false;
  globalThis.jasmine.DEFAULT_TIMEOUT_INTERVAL = deadlineMs[ring];
  jasmine.loadConfig({
    spec_dir: '.',
    spec_files: [`*/dist/spec/**/*.${suffix[ring]}.js`, `local/*/dist/spec/**/*.${suffix[ring]}.js`],
    random: false,
  });
  // What a compiler left behind of a spec that this commit does not have is not run.
  const files = jasmine.specFiles.filter((file) =>
    existsSync(file.replace('/dist/spec/', '/spec/').replace(/\.js$/, '.ts')),
  );
  jasmine.specFiles = deal(files)[share - 1];
  mkdirSync('build/reports', { recursive: true });
  jasmine.env.addReporter(
    new reporters.JUnitXmlReporter({
      savePath: 'build/reports',
      consolidateAll: true,
      filePrefix: shares > 1 ? `junit-${ring}-${share}` : `junit-${ring}`,
    }),
  );
  const tally = { passed: 0, failed: 0 };
  jasmine.env.addReporter({
    specDone(spec) {
      if (spec.status === 'passed') tally.passed += 1;
      if (spec.status === 'failed') {
        tally.failed += 1;
        process.stdout.write(`\n✗ ${spec.fullName}\n`);
      }
    },
    suiteDone(suite) {
      tally.failed += suite.failedExpectations.length;
    },
  });
  process.stdout.write(`\n${ring} specs\n`);
  const outcome = await jasmine.execute(undefined, filter);
  if (outcome.overallStatus !== 'passed' && tally.failed === 0) tally.failed = 1;
  if (outcome.overallStatus !== 'passed') process.exitCode = 1;
  writeFileSync(`build/reports/tally-${ring}-${share}`, `${tally.passed} ${tally.failed}\n`);
}
process.exit();

/** The files of each share: one after the other, the longest first, to the share that has the least to do. */
function deal(files) {
  const weight = (file) => seconds[basename(file).split('.')[0]] ?? 3;
  const piles = Array.from({ length: shares }, () => ({ files: [], seconds: 0 }));
  for (const file of files.toSorted((one, other) => weight(other) - weight(one))) {
    const least = piles.reduce((one, other) => (other.seconds < one.seconds ? other : one));
    least.files.push(file);
    least.seconds += weight(file);
  }
  return piles.map((pile) => pile.files);
}
