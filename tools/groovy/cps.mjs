// npm run test:cps: the shared library under Jenkins' own CPS transformation. Its jars cannot be had from a registry that
// Coalmine uses, so this runs where a Jenkins' plugins are at hand: JENKINS_PLUGIN_DIR=/var/jenkins_home/plugins
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stepCases } from '../dist/spec/library-cases.js';
import { groovy } from './java.mjs';

const plugins = process.env.JENKINS_PLUGIN_DIR;
if (!plugins) {
  console.log(
    'SKIPPED: set JENKINS_PLUGIN_DIR to a folder with the plugins workflow-cps and script-security.',
  );
  console.log('Nothing was checked.');
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'coalmine-cps-'));
try {
  const cases = Object.values(stepCases).flatMap((list) =>
    list.map(({ call, asks, fails }) => ({ call, shells: asks.length, fails: fails === true })),
  );
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases));
  const parameters = [plugins, join(folder, 'cases.json'), resolve(import.meta.dirname, '../../vars')];
  console.log(await groovy(join(import.meta.dirname, 'cps.groovy'), parameters));
} catch (error) {
  console.error(error.cause?.stdout || error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
