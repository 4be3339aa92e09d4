import { isSilenced, type AlertBook, type AlertRecord, type Told } from '@coalmine/fleet/alert-records.js';
import type { Pool } from '@coalmine/fleet/keys.js';

/** One alert that somebody has to be told of; `still`: told before, and it goes on. */
export interface Notice {
  id: string;
  kind: 'firing' | 'still' | 'resolved';
  record: AlertRecord;
}

const keptMs = 3_600_000;

/** What has to be told of a pool's alerts now: each once, again while it goes on, and its end. Pure. */
export function dueNotices(book: AlertBook, pool: Pool, repeatMs: number, now: number): Notice[] {
  return [...book.records].flatMap(([id, record]) => {
    if (record.pool !== pool) return [];
    const kind = dueKind(record, book.told.get(id), repeatMs, now);
    // The end of what was told is told in any case.
    if (kind === null || (kind !== 'resolved' && isSilenced(record, book.silences, now))) return [];
    return [{ id, kind, record }];
  });
}

function dueKind(
  record: AlertRecord,
  told: Told | undefined,
  repeatMs: number,
  now: number,
): Notice['kind'] | null {
  const before = told?.firedAt === record.firedAt ? told : undefined;
  if (record.state === 'firing') {
    if (before?.state !== 'firing') return 'firing';
    return now - Date.parse(before.at) >= repeatMs ? 'still' : null;
  }
  return record.state === 'resolved' && before?.state === 'firing' ? 'resolved' : null;
}

/** What to note of notices that were told. */
export function toldOf(notices: readonly Notice[], now: number): ReadonlyMap<string, Told> {
  const at = new Date(now).toISOString();
  return new Map(
    notices.map(({ id, kind, record }) => [
      id,
      { state: kind === 'resolved' ? 'resolved' : 'firing', firedAt: record.firedAt ?? at, at },
    ]),
  );
}

/** Ids of alerts and silences that were over an hour ago: nobody asks for them any more. */
export function forgettable(book: AlertBook, now: number): { alerts: string[]; silences: string[] } {
  const old = (time: string | null): boolean => time !== null && now - Date.parse(time) > keptMs;
  const gone = [...book.told.keys()].filter((id) => !book.records.has(id));
  return {
    alerts: [...book.records]
      .filter(([, { resolvedAt }]) => old(resolvedAt))
      .map(([id]) => id)
      .concat(gone),
    silences: book.silences.filter(({ until }) => old(until)).map(({ id }) => id),
  };
}
