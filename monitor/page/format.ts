/** A number for people: three digits, thousands as k. */
export function short(value: number | null | undefined, unit = ''): string {
  if (value === null || value === undefined) return '–';
  const text =
    value >= 10_000
      ? `${(value / 1000).toPrecision(3)}k`
      : value >= 100
        ? String(Math.round(value))
        : String(Number(value.toPrecision(value < 1 ? 2 : 3)));
  return unit ? `${text} ${unit}` : text;
}

export function commit(release: string | null | undefined): string {
  return release ? release.slice(0, 7) : '–';
}

/** What 40 hex digits are is a commit, and seven of them say which. */
export function shortened(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{40}\b/g, (hash) => hash.slice(0, 7));
}

export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** How long ago, or how long it took: 12 s, 3 min, 2 h. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
