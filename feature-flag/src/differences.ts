/** One place at which two definitions differ; null where there is nothing. */
export interface Difference {
  /** A JSON pointer into the definition; empty for the whole. */
  path: string;
  from: unknown;
  to: unknown;
}

/** Where two JSON values differ, in the order of the older one; a list of another length differs as a whole. */
export function differences(from: unknown, to: unknown, path = ''): Difference[] {
  if (isTree(from) && isTree(to) && Array.isArray(from) === Array.isArray(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    if (!Array.isArray(from) || Object.keys(from).length === Object.keys(to).length)
      return names.flatMap((name) => differences(from[name], to[name], `${path}/${escaped(name)}`));
  }
  const same = JSON.stringify(from) === JSON.stringify(to);
  return same ? [] : [{ path, from: from ?? null, to: to ?? null }];
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
