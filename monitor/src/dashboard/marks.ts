import type { LoggedEvent } from '@coalmine/fleet/events.js';
import type { Build } from './builds.js';

export const markKinds = ['build', 'deploy', 'canary', 'alert', 'flag'] as const;
export type MarkKind = (typeof markKinds)[number];

/** Something that happened, for the time axis of all charts. */
export interface Mark {
  /** ms since the epoch. */
  at: number;
  kind: MarkKind;
  /** True for what went wrong. */
  bad: boolean;
  text: string;
}

/** What is worth a mark: of the audit log, and of the builds. */
export function marksOf(events: readonly LoggedEvent[], builds: readonly Build[]): Mark[] {
  return [
    ...events.flatMap((event) => markOf(event) ?? []),
    ...builds.map(({ number, at, action, target, result }) => ({
      ...{ at, kind: 'build' as const },
      bad: result !== null && result !== 'SUCCESS',
      text: `#${number} ${action}${target === 'none' ? '' : ` ${target}`}: ${result?.toLowerCase() ?? 'runs'}`,
    })),
  ].sort((a, b) => a.at - b.at);
}

function markOf({ what, subject, at, who }: LoggedEvent): Mark | null {
  const kind = kindOf(what, who);
  if (!kind) return null;
  const bad = what === 'alert' || /rolling back|rolled back|abort/.test(what);
  const text = `${what} ${/^[0-9a-f]{40}$/.test(subject) ? subject.slice(0, 7) : subject}`;
  return { at: Date.parse(at), kind, bad, text };
}

/** What an entry of the audit log is about; null for what needs no mark. */
export function kindOf(what: string, who: string): MarkKind | null {
  if (/^(deploy|scale|rolled back to)/.test(what)) return 'deploy';
  if (what === 'canary rolling back' || what === 'canary promoting') return null; // their ends are marked
  if (what.startsWith('canary')) return 'canary';
  if (what === 'alert') return 'alert';
  if (/flag/.test(what) || who === 'feature-flag') return 'flag';
  return null;
}

/** The canary's share as it was set: time (ms since the epoch) and weight (%), oldest first. */
export function weightsOf(events: readonly LoggedEvent[]): [number, number][] {
  return events.flatMap(({ at, weight }) =>
    weight === undefined ? [] : [[Date.parse(at), weight / 100] as [number, number]],
  );
}
