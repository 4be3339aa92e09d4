// ESLint over the TypeScript and JSLint over the pages' own scripts: told on the terminal, and as one Checkstyle report.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ESLint } from 'eslint';

const require = createRequire(import.meta.url);
const reportFile = 'build/reports/checkstyle.xml';

const eslint = new ESLint({ cache: true, cacheLocation: 'build/.eslintcache' });
const results = [...(await eslint.lintFiles(['.'])), ...lintPages()];

mkdirSync('build/reports', { recursive: true });
const checkstyle = await eslint.loadFormatter('checkstyle');
writeFileSync(reportFile, await checkstyle.format(results));
const stylish = await eslint.loadFormatter('stylish');
process.stdout.write(await stylish.format(results));
const errors = results.reduce((sum, result) => sum + result.errorCount, 0);
process.stdout.write(`${results.length} files, ${errors} errors → ${reportFile}\n`);
process.exitCode = errors > 0 ? 1 : 0;

/** The scripts that browsers get are plain JavaScript, which is what JSLint is for. */
function lintPages() {
  const files = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*/page/*.js'],
    {
      encoding: 'utf8',
    },
  )
    .split('\n')
    .filter(Boolean);
  const jslint = require('jslint').load('latest');
  return files.map((filePath) => {
    const { warnings = [] } = jslint(readFileSync(filePath, 'utf8'), {
      browser: true,
      long: true,
      this: true,
    });
    const messages = warnings.map((warning) => ({
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
