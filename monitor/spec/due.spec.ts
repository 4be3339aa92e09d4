import type { AlertBook, AlertRecord, Silence, Told } from '@coalmine/fleet/alert-records.js';
import { dueNotices, forgettable, toldOf } from '../src/alerts/due.js';
import { recordOf } from './records.js';

const now = Date.parse('2026-11-23T12:10:00.000Z');
const hour = 3_600_000;

function book(
  records: readonly AlertRecord[],
  told: [string, Told][] = [],
  silences: Silence[] = [],
): AlertBook {
  return {
    records: new Map(records.map((record) => [`${record.host}/${record.rule}`, record])),
    told: new Map(told),
    silences,
  };
}

const kinds = (given: AlertBook, at = now): string[] =>
  dueNotices(given, 'prod', hour, at).map(({ id, kind }) => `${id} ${kind}`);

describe('what people are told', () => {
  const firing = recordOf('prod-1', 'prod');
  const resolved = recordOf('prod-1', 'prod', { state: 'resolved', resolvedAt: '2026-11-23T12:05:00.000Z' });
  const told = (state: Told['state'], at: string): [string, Told] => [
    'prod-1/cpu',
    { state, firedAt: firing.firedAt ?? '', at },
  ];
  const silence: Silence = {
    ...{ id: 'a', host: 'prod-1', until: '2026-11-23T13:00:00.000Z', by: 'ann', why: 'known' },
  };

  it('is every alert of the pool that fires, once, in one message', () => {
    const given = book([firing, recordOf('prod-2', 'prod'), recordOf('canary-1', 'canary')]);
    expect(kinds(given)).toEqual(['prod-1/cpu firing', 'prod-2/cpu firing']);
    const after = { ...given, told: toldOf(dueNotices(given, 'prod', hour, now), now) };
    expect(kinds(after)).toEqual([]);
  });

  it('is not one that is pending, nor one that was over before anybody was told', () => {
    expect(kinds(book([recordOf('prod-1', 'prod', { state: 'pending', firedAt: null })]))).toEqual([]);
    expect(kinds(book([resolved]))).toEqual([]);
  });

  it('is an alert that goes on, again after a time', () => {
    const given = book([firing], [told('firing', '2026-11-23T12:00:05.000Z')]);
    expect(kinds(given, Date.parse('2026-11-23T13:00:04.000Z'))).toEqual([]);
    expect(kinds(given, Date.parse('2026-11-23T13:00:05.000Z'))).toEqual(['prod-1/cpu still']);
  });

  it('is the end of an alert, once', () => {
    expect(kinds(book([resolved], [told('firing', '2026-11-23T12:00:05.000Z')]))).toEqual([
      'prod-1/cpu resolved',
    ]);
    expect(kinds(book([resolved], [told('resolved', '2026-11-23T12:05:05.000Z')]))).toEqual([]);
  });

  it('is a new alert of the same rule', () => {
    const again = recordOf('prod-1', 'prod', { firedAt: '2026-11-23T12:08:00.000Z' });
    expect(kinds(book([again], [told('firing', '2026-11-23T12:00:05.000Z')]))).toEqual(['prod-1/cpu firing']);
  });

  it('is nothing that was silenced, until the silence ends; but the end of what was told', () => {
    expect(kinds(book([firing], [], [silence]))).toEqual([]);
    expect(kinds(book([firing], [], [{ ...silence, rule: 'memory' }]))).toEqual(['prod-1/cpu firing']);
    expect(kinds(book([firing], [], [silence]), Date.parse(silence.until))).toEqual(['prod-1/cpu firing']);
    const over = book([resolved], [told('firing', '2026-11-23T12:00:05.000Z')], [silence]);
    expect(kinds(over)).toEqual(['prod-1/cpu resolved']);
  });

  it('is forgotten an hour after it was over', () => {
    const given = book(
      [resolved, recordOf('prod-2', 'prod')],
      [told('resolved', ''), ['gone/cpu', told('firing', '')[1]]],
      [silence],
    );
    expect(forgettable(given, now)).toEqual({ alerts: ['gone/cpu'], silences: [] });
    expect(forgettable(given, now + 2 * hour)).toEqual({
      alerts: ['prod-1/cpu', 'gone/cpu'],
      silences: ['a'],
    });
  });
});
