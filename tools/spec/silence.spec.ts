import type { AlertBook, AlertRecord } from '@coalmine/fleet/alert-records.js';
import { eventLine } from '../src/commands/events.js';
import { listedAlerts } from '../src/commands/alerts.js';
import { silenceOf, silenceText } from '../src/silence.js';

const noon = new Date('2026-11-23T12:00:00Z');

function record(host: string, state: AlertRecord['state'], since: string): [string, AlertRecord] {
  return [
    `${host}/cpu`,
    {
      ...{ host, pool: 'prod', rule: 'cpu', metric: 'cpu', severity: 'critical', state, since },
      ...{ value: 90, threshold: 45, firedAt: since, resolvedAt: null, reason: 'too much' },
    },
  ];
}

describe('a silence', () => {
  it('names what it is about, until when, and why', () => {
    const silence = silenceOf({ host: 'prod-1', rule: 'cpu', for: '30m', why: 'a load test' }, 'ann', noon);
    expect(silence).toEqual(
      jasmine.objectContaining({
        host: 'prod-1',
        rule: 'cpu',
        until: '2026-11-23T12:30:00.000Z',
        why: 'a load test',
      }),
    );
    expect(silenceText(silence)).toBe('rule cpu on prod-1');
  });

  it('is never about everything, and says what is wrong with it', () => {
    expect(() => silenceOf({ for: '1h' }, 'ann', noon)).toThrowError(/every alert/);
    expect(() => silenceOf({ pool: 'prd', for: '1h' }, 'ann', noon)).toThrowError(/"prd" is not a pool/);
    expect(() => silenceOf({ pool: 'prod', for: 'soon' }, 'ann', noon)).toThrowError(/--for: "soon"/);
  });

  it('shows in the list, where firing alerts come first and those that are over only when asked for', () => {
    const silence = silenceOf({ host: 'prod-1', for: '1h' }, 'ann', noon);
    const book: AlertBook = {
      records: new Map([
        record('prod-3', 'resolved', '2026-11-23T11:00:00Z'),
        record('prod-2', 'pending', '2026-11-23T11:10:00Z'),
        record('prod-1', 'firing', '2026-11-23T11:20:00Z'),
      ]),
      told: new Map(),
      silences: [silence],
    };
    const { alerts, silences } = listedAlerts(book, noon.getTime());
    expect(alerts.map(({ host, silenced }) => [host, silenced])).toEqual([
      ['prod-1', true],
      ['prod-2', false],
    ]);
    expect(silences).toEqual([silence]);
    expect(listedAlerts(book, noon.getTime(), true).alerts.length).toBe(3);
    expect(listedAlerts(book, noon.getTime() + 7_200_000).silences).toEqual([]);
  });
});

describe('an event', () => {
  it('is a line with a short commit, and its reason below', () => {
    const event = {
      id: '1-0',
      at: '2026-11-23T12:00:00.000Z',
      who: 'coalmine',
      what: 'deploy prod',
      subject: 'a'.repeat(40),
    };
    expect(eventLine(event)).toBe('2026-11-23 12:00:00  deploy prod          aaaaaaaaaa   coalmine');
    expect(
      eventLine({ ...event, why: 'because' })
        .split('\n')[1]
        ?.trim(),
    ).toBe('because');
  });
});
