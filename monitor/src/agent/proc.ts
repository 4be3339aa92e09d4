import { readFileSync } from 'node:fs';

/**
 * A file of /proc or of a cgroup, or '' when there is none. Read at once and not in a thread: the kernel has it in
 * memory, and handing it to a thread and back costs several times as much.
 */
export function readKernel(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** The number that a file holds, or null. */
export function readKernelNumber(file: string): number | null {
  const value = Number.parseInt(readKernel(file), 10);
  return Number.isNaN(value) ? null : value;
}

/** The number behind a word at the beginning of a line (`inactive_file 4096`), or null. */
export function numberAfter(text: string, word: string): number | null {
  const start = text.startsWith(word) ? 0 : text.indexOf(`\n${word}`) + 1;
  if (start === 0 && !text.startsWith(word)) return null;
  const value = Number.parseInt(text.slice(start + word.length), 10);
  return Number.isNaN(value) ? null : value;
}
