// The lint of pipeline Groovy, in ESLint's form, so that its findings stand in the same report.
import { join } from 'node:path';
import { groovy } from './java.mjs';

const script = join(import.meta.dirname, 'lint.groovy');

/** One result per file: what does not compile, breaks under CPS or in the sandbox, or leaks a secret. */
export async function lintGroovy(files) {
  if (files.length === 0) return [];
  const findings = (await groovy(script, files))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return files.map((file) => {
    const messages = findings
      .filter((finding) => finding.file === file)
      .map(({ line, column, rule, message }) => ({
        ruleId: `groovy/${rule}`,
        severity: 2,
        line,
        column,
        message,
      }));
    return {
      filePath: file,
      messages,
      errorCount: messages.length,
      warningCount: 0,
      fixableErrorCount: 0,
      fixableWarningCount: 0,
    };
  });
}
