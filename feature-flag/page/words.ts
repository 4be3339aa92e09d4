import type { FlagView } from './api.js';
import { h } from './dom.js';

/** A value in a few characters. */
export function short(value: unknown, length = 48): string {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** What is to be said of a flag at a glance: how, and in which color. */
export function tags(flag: FlagView): HTMLElement[] {
  const { metadata = {}, targeting } = flag;
  const has = targeting !== null && Object.keys(Object(targeting) as object).length > 0;
  const percent = rolloutPercent(targeting);
  const all: [string | false, string][] = [
    [flag.state === 'DISABLED' && 'disabled', ''],
    [metadata.killed === true && 'killed', 'bad'],
    [flag.stale && 'stale', 'warn'],
    [percent !== null ? `${percent} %` : has && 'targeted', ''],
    schedule(metadata.onAt, metadata.offAt),
    ...flag.environments.map((name): [string, string] => [`own on ${name}`, 'note']),
  ];
  return all.flatMap(([text, kind]) => (text ? [h('span', { class: `tag ${kind}` }, text)] : []));
}

/** What the schedule means today. */
function schedule(onAt: unknown, offAt: unknown): [string | false, string] {
  const day = (time: unknown): string => String(time).slice(0, 10);
  const isPast = (time: unknown): boolean => Date.parse(String(time)) <= Date.now();
  if (onAt !== undefined && !isPast(onAt)) return [`off until ${day(onAt)}`, 'warn'];
  if (offAt === undefined) return [false, ''];
  return isPast(offAt) ? [`off since ${day(offAt)}`, 'warn'] : [`until ${day(offAt)}`, ''];
}

/** The share that a plain gradual rollout gives, in %; null when the targeting is something else. */
export function rolloutPercent(targeting: unknown): number | null {
  const { fractional } = Object(targeting) as { fractional?: unknown };
  if (!Array.isArray(fractional) || fractional.length !== 2) return null;
  const [first, second] = fractional.map((bucket: unknown) =>
    Array.isArray(bucket) ? Number(bucket[1]) : NaN,
  );
  const share = (100 * (first ?? NaN)) / ((first ?? NaN) + (second ?? NaN));
  return Number.isNaN(share) ? null : Math.round(share * 100) / 100;
}

/** The names of the context that a targeting looks at. */
export function variablesOf(rule: unknown): string[] {
  if (typeof rule !== 'object' || rule === null) return [];
  const own = Object.entries(rule).flatMap(([key, value]) => {
    if (key !== 'var') return variablesOf(value);
    const name: unknown = Array.isArray(value) ? value[0] : value;
    return typeof name === 'string' && name !== '' && !name.startsWith('$flagd') ? [name] : [];
  });
  return [...new Set(own)].filter((name) => name !== 'targetingKey' && name !== 'environment');
}

const longestLine = 56;

/** JSON to read: what is short stands on one line. */
export function pretty(value: unknown, indent = ''): string {
  const line = oneLine(value);
  const isTree = typeof value === 'object' && value !== null;
  if (!isTree || (line.length + indent.length <= longestLine && indent !== '')) return line;
  const inner = `${indent}  `;
  const rows = Array.isArray(value)
    ? value.map((item) => `${inner}${pretty(item, inner)}`)
    : Object.entries(value).map(([name, item]) => `${inner}${JSON.stringify(name)}: ${pretty(item, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${rows.join(',\n')}\n${indent}${close}`;
}

/** As on a line: `{ "var": "email" }`, `["on", 10]`. */
function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const rows = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${oneLine(item)}`);
  return rows.length > 0 ? `{ ${rows.join(', ')} }` : '{}';
}

const reasons: Record<string, string> = {
  STATIC: 'everybody gets this: the flag has no targeting',
  DEFAULT: 'the targeting chose nothing for this user, so the default variant holds',
  TARGETING_MATCH: 'the targeting chose it for this user',
  SPLIT: 'the gradual rollout chose it for this user',
  DISABLED: 'the flag is disabled: the app’s own default holds',
};

/** Why somebody gets what they get. */
export function why(reason: string, flag: FlagView): string {
  if (flag.metadata?.killed === true)
    return 'the flag is killed: off for everybody, whatever the targeting says';
  const scheduled = flag.metadata?.onAt !== undefined || flag.metadata?.offAt !== undefined;
  return `${reasons[reason] ?? reason}${scheduled ? '; its schedule counts, too' : ''}`;
}
