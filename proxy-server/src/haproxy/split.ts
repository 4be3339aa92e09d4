import type { Split } from '../choose.js';

/** What HAProxy's maps say of the split: one entry, so that weight and salt change as one. */
export const splitKey = 'split';

/**
 * `weight:salt`, and `:testers` when somebody may be on the allow-list, as looking costs. A weight of -1 is an alert,
 * under which not even the allow-list reaches the canary.
 */
export function splitEntry(
  { weight, salt, alert }: Pick<Split, 'weight' | 'salt' | 'alert'>,
  mayHaveTesters: boolean,
): string {
  return `${alert ? -1 : weight}:${plainWord.test(salt) ? salt : ''}${mayHaveTesters ? ':testers' : ''}`;
}

/** Without anything that HAProxy's command line or a map file would read as more than a word. */
const plainWord = /^[\w.@+=~/-]{1,200}$/;

/** The keys of the allow-list that can stand in a map. */
export function allowedKeys(allow: Iterable<string>): string[] {
  return [...new Set(allow)].filter((key) => plainWord.test(key)).sort();
}
