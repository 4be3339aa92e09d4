import type { AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { Fleet } from '@coalmine/fleet/members.js';
import { judgeSilence } from '../src/alerts/no-data.js';
import { recordOf } from './records.js';

const member = { address: '10.0.0.1', port: 3000, state: 'in', release: null } as const;
const fleet: Fleet = new Map([
  ['prod-1', { pool: 'prod', ...member }],
  ['prod-2', { pool: 'prod', ...member }],
]);
const now = 1_000_000;

function changes(
  lastSeen: Record<string, number | null>,
  records: Record<string, AlertRecord> = {},
  watchingSince = 0,
): Record<string, string | null> {
  const seen = { fleet, lastSeen: new Map(Object.entries(lastSeen)), watchingSince, now };
  const judged = judgeSilence(seen, new Map(Object.entries(records)), 10_000);
  return Object.fromEntries([...judged].map(([id, record]) => [id, record?.state ?? null]));
}

describe('a droplet that falls silent', () => {
  const silent = recordOf('prod-1', 'prod', { rule: 'no-data', metric: 'no-data' });

  it('is an alert after ten seconds, and not before; once', () => {
    expect(changes({ 'prod-1': now - 9999, 'prod-2': now })).toEqual({});
    expect(changes({ 'prod-1': now - 10_000, 'prod-2': now })).toEqual({ 'prod-1/no-data': 'firing' });
    expect(changes({ 'prod-1': now - 60_000, 'prod-2': now }, { 'prod-1/no-data': silent })).toEqual({});
  });

  it('is an alert, too, when it never sent anything', () => {
    expect(changes({ 'prod-1': null, 'prod-2': now }, {}, now - 10_000)).toEqual({
      'prod-1/no-data': 'firing',
    });
  });

  it('is fine again when it sends', () => {
    const records = { 'prod-1/no-data': silent };
    expect(changes({ 'prod-1': now - 500, 'prod-2': now }, records)).toEqual({
      'prod-1/no-data': 'resolved',
    });
  });

  it('has time to be heard when nobody was listening; and what was silent stays so until it is heard', () => {
    const old = { 'prod-1': now - 60_000, 'prod-2': now - 60_000 };
    expect(changes(old, {}, now - 9000)).toEqual({});
    expect(changes(old, { 'prod-1/no-data': silent }, now - 9000)).toEqual({});
    expect(changes(old, {}, now - 10_000)).toEqual({
      'prod-1/no-data': 'firing',
      'prod-2/no-data': 'firing',
    });
  });

  it('takes its alerts with it when it leaves the fleet', () => {
    const records = { 'prod-9/cpu': recordOf('prod-9', 'prod'), 'prod-1/cpu': recordOf('prod-1', 'prod') };
    expect(changes({ 'prod-1': now, 'prod-2': now }, records)).toEqual({ 'prod-9/cpu': null });
  });
});
