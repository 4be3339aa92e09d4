// ESLint over the code, JSLint over the JSON, a lint of its own over the pipeline's Groovy: told on the terminal, and as one Checkstyle report.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ESLint } from 'eslint';
import { lintGroovy } from './tools/groovy/lint.mjs';

const require = createRequire(import.meta.url);
const reportFile = 'build/reports/checkstyle.xml';

const eslint = new ESLint({ cache: true, cacheLocation: 'build/.eslintcache' });
const groovy = lintGroovy(filesOf('vars/*.groovy', 'src/**/*.groovy', 'jenkins/*.groovy', 'Jenkinsfile')); // beside ESLint
const results = [...(await eslint.lintFiles(['.'])), ...lintJson(), ...(await groovy)];

mkdirSync('build/reports', { recursive: true });
const checkstyle = await eslint.loadFormatter('checkstyle');
writeFileSync(reportFile, await checkstyle.format(results));
const stylish = await eslint.loadFormatter('stylish');
process.stdout.write(await stylish.format(results));
const errors = results.reduce((sum, result) => sum + result.errorCount, 0);
process.stdout.write(`${results.length} files, ${errors} errors → ${reportFile}\n`);
process.exitCode = errors > 0 ? 1 : 0;

/** JSLint reads JSON more strictly than a parser: a key that stands twice is an error, not a surprise. */
function lintJson() {
  const files = filesOf('*.json', ':!package-lock.json', ':!*openapi*');
  const { load, linter } = require('jslint');
  const jslint = load('latest');
  return files.map((filePath) => {
    const source = readFileSync(filePath, 'utf8');
    const { errors } = linter.doLint(jslint, source, { predef: [], white: true });
    const messages = errors.map((warning) => ({
      ruleId: `jslint/${warning.code}`,
      severity: 2,
      line: warning.line + 1,
      column: warning.column + 1,
      message: warning.message,
    }));
    return {
      filePath,
      messages,
      errorCount: messages.length,
      warningCount: 0,
      fixableErrorCount: 0,
      fixableWarningCount: 0,
    };
  });
}

/** The repository's files that match, new ones too. */
function filesOf(...patterns) {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns];
  return execFileSync('git', list, { encoding: 'utf8' }).split('\n').filter(Boolean).filter(existsSync);
}
