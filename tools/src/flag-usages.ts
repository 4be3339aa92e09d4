import { execa } from 'execa';
import { Problem } from './problem.js';

/** Where a flag is named in the code. */
export interface Usage {
  flag: string;
  file: string;
  line: number;
  text: string;
}

/** What names flags without asking for them: flagd's own files, and prose. */
const notCode = [':!*.json', ':!*.md'];

const quotes = ["'", '"', '`'];

/**
 * Searches a repository's files, also those not committed yet, for the flags' keys as string literals: that is how
 * code asks for a flag. Throws a Problem when git cannot search there.
 */
export async function findUsages(root: string, flags: readonly string[]): Promise<Usage[]> {
  if (flags.length === 0) return [];
  const literals = flags.flatMap((flag) => quotes.map((quote) => `${quote}${flag}${quote}`));
  const found = await execa(
    'git',
    ['grep', '--untracked', '-n', '-I', '-F', '--null', '--no-color', '-f', '-', '--', ...notCode],
    { cwd: root, input: `${literals.join('\n')}\n`, reject: false },
  );
  if (found.exitCode !== 0 && found.exitCode !== 1)
    throw new Problem(
      `The code in ${root} cannot be searched: ${found.stderr}`,
      'Run this in a git repository.',
    );
  return found.stdout.split('\n').flatMap((row) => usagesIn(row, flags));
}

/** A row of `git grep --null -n`: file, line and text, with a NUL between. */
export function usagesIn(row: string, flags: readonly string[]): Usage[] {
  const [file, line, ...rest] = row.split('\0');
  if (file === undefined || line === undefined) return [];
  const text = rest.join('');
  const named = new Set([...text.matchAll(/(['"`])([A-Za-z0-9][\w.:-]*)\1/g)].map((match) => match[2]));
  return flags
    .filter((flag) => named.has(flag))
    .map((flag) => ({ flag, file, line: Number(line), text: text.trim() }));
}
