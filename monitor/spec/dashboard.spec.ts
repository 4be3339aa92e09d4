import type { AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { LoggedEvent } from '@coalmine/fleet/events.js';
import type { Member } from '@coalmine/fleet/members.js';
import { beginRollout } from '@coalmine/fleet/rollout.js';
import type { Verdict } from '@coalmine/fleet/verdict.js';
import { isCrossSite, isOperator, isOwnName } from '../src/dashboard/access.js';
import type { Build } from '../src/dashboard/builds.js';
import { flagViews } from '../src/dashboard/flags.js';
import { marksOf, weightsOf } from '../src/dashboard/marks.js';
import { columnsOf, Series, type Point } from '../src/dashboard/series.js';
import { changedSections, viewOf, type Known } from '../src/dashboard/view.js';
import { recordOf, sampleOf } from './records.js';
import { poolSecond } from './second.js';

const now = Date.parse('2026-11-23T12:00:10.000Z');
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
const event = (what: string, seconds: number, more: Partial<LoggedEvent> = {}): LoggedEvent => ({
  ...{ id: `${now + seconds * 1000}-0`, at: at(seconds), who: 'someone', what, subject: 'prod' },
  ...more,
});

describe('the curves of the dashboard', () => {
  it('add up the seconds of all proxies, and are rates whatever part of a point has passed', () => {
    const series = new Series();
    for (const second of [0, 1]) {
      for (const proxy of [1, 2]) {
        const prod = poolSecond(30 * proxy, second);
        series.addTraffic({ at: now + second * 1000, prod, canary: poolSecond(10, 0, 80) });
      }
    }
    const [point] = series.all();
    expect(point?.at).toBe(now);
    expect(point?.values).toEqual(
      jasmine.objectContaining({ 'prod.rate': 90, 'canary.rate': 20, 'prod.errors': 1.11, share: 18.2 }),
    );
    expect(point?.values['canary.p50']).toBeGreaterThan((point?.values['prod.p50'] ?? 0) * 1.5);
  });

  it('have nothing to say where nobody was asked, rather than no errors and no time', () => {
    const series = new Series();
    series.addTraffic({ at: now, prod: poolSecond(0), canary: poolSecond(0) });
    const [point] = series.all();
    expect(point?.values).toEqual(
      jasmine.objectContaining({ 'prod.rate': 0, 'prod.errors': null, 'prod.p95': null, share: null }),
    );
  });

  it('tell only the points that changed, a late sample’s too, and forget what is older than an hour', () => {
    const series = new Series();
    series.addSample(sampleOf('prod-1', 'prod', now, 20));
    series.addSample(sampleOf('prod-1', 'prod', now + 6000, 40));
    expect(series.takeChanged(now).map((point) => point.at)).toEqual([now, now + 5000]);
    expect(series.takeChanged(now)).toEqual([]);
    series.addSample(sampleOf('prod-1', 'prod', now + 1000, 30));
    expect(series.takeChanged(now)).toEqual([{ at: now, values: { 'cpu.prod-1': 25, 'memory.prod-1': 10 } }]);
    series.takeChanged(now + 3_602_000);
    expect(series.all().map((point) => point.at)).toEqual([now + 5000]);
  });
});

describe('points on their way to the page', () => {
  it('name each curve once, and have a value for each time', () => {
    const points: Point[] = [
      { at: 0, values: { a: 1 } },
      { at: 5000, values: { a: 2, b: 3 } },
    ];
    expect(columnsOf(points)).toEqual({ at: [0, 5000], values: { a: [1, 2], b: [null, 3] } });
  });
});

describe('the marks of the dashboard', () => {
  it('are builds, deploys, the canary’s steps, alerts and flags, in order, and say what was bad', () => {
    const build = {
      number: 7,
      at: now - 4000,
      action: 'build',
      target: 'canary',
      result: 'FAILURE',
    } as Build;
    const marks = marksOf(
      [
        event('deploy prod', -9, { subject: 'a'.repeat(40) }),
        event('canary rolled back', -3),
        event('canary promoting', -2),
        event('alert over', -1),
        event('flag changed', 0, { subject: 'tokens' }),
      ],
      [build],
    );
    expect(marks.map(({ kind, bad, text }) => [kind, bad, text])).toEqual([
      ['deploy', false, 'deploy prod aaaaaaa'],
      ['build', true, '#7 build canary: failure'],
      ['canary', true, 'canary rolled back prod'],
      ['flag', false, 'flag changed tokens'],
    ]);
  });

  it('tell the canary’s share as it was set, of those entries that know it', () => {
    const events = [
      event('canary begins', -5, { weight: 100 }),
      event('alert', -4),
      event('x', -3, { weight: 0 }),
    ];
    expect(weightsOf(events)).toEqual([
      [now - 5000, 1],
      [now - 3000, 0],
    ]);
  });
});

describe('the view of the dashboard', () => {
  const member = (pool: Member['pool']): Member => ({
    ...{ pool, address: '10.0.0.1', port: 80, state: 'in', release: null },
  });
  const known = (changes: Partial<Known> = {}): Known => ({
    ...{
      now,
      fleet: new Map(),
      rollout: null,
      verdict: null,
      leader: null,
      autoscale: null,
      flags: [],
      builds: [],
    },
    ...{ events: [], lastSeen: new Map(), thresholds: { cpu: 45, memory: 45 } },
    ...{ orders: { token: true, jenkins: true } },
    alerts: { records: new Map(), told: new Map(), silences: [] },
    ...changes,
  });
  const records = (...all: AlertRecord[]) => new Map(all.map((one) => [`${one.host}/${one.rule}`, one]));

  it('has the droplets in the order of a request, with their alerts, and names those that are silent', () => {
    const fleet = new Map([
      ['prod-10', member('prod')],
      ['prod-2', member('prod')],
      ['proxy-1', member('proxy')],
    ]);
    const lastSeen = new Map([
      ['prod-10', now - 1000],
      ['prod-2', now - 20_000],
      ['proxy-1', now],
    ]);
    const alerts = { records: records(recordOf('prod-10', 'prod')), told: new Map(), silences: [] };
    const { droplets } = viewOf(known({ fleet, lastSeen, alerts }));
    expect(droplets.map(({ name, silent, alert }) => [name, silent, alert])).toEqual([
      ['proxy-1', false, null],
      ['prod-2', true, null],
      ['prod-10', false, 'critical'],
    ]);
  });

  it('has what fires first, says what is silenced, and lets go what has long been over', () => {
    const over = { state: 'resolved', resolvedAt: at(-60) } as const;
    const alerts = {
      records: records(
        recordOf('a', 'prod', over),
        recordOf('b', 'prod', { state: 'pending' }),
        recordOf('c', 'prod'),
        recordOf('d', 'prod', { ...over, resolvedAt: at(-7200) }),
      ),
      told: new Map(),
      silences: [{ id: '1', host: 'c', until: at(60), by: 'ann', why: '' }],
    };
    const view = viewOf(known({ alerts }));
    expect(view.alerts.map(({ host, state, silenced }) => [host, state, silenced])).toEqual([
      ['c', 'firing', true],
      ['b', 'pending', false],
      ['a', 'resolved', false],
    ]);
  });

  it('shows no verdict of another rollout', () => {
    const rollout = beginRollout('new', 100, 'deployed');
    const verdict = { rollout: 'another' } as Verdict;
    expect(viewOf(known({ rollout, verdict })).rollout?.verdict).toBeNull();
    const own = { ...verdict, rollout: rollout.id };
    expect(viewOf(known({ rollout, verdict: own })).rollout?.verdict).toEqual(own);
  });

  it('has the autoscaler’s last decision without its memory, while it goes on deciding', () => {
    const decision = { current: 1, wanted: 2, mean: 61, target: 40.5, reason: 'busy' };
    const autoscale = { ...decision, at: at(-5), leader: 'redis-1', action: null, memory: {} as never };
    expect(viewOf(known({ autoscale })).autoscale).toEqual(decision);
    expect(viewOf(known({ autoscale, now: now + 120_000 })).autoscale).toBeNull();
  });

  it('is told by the sections that have changed', () => {
    const before = viewOf(known());
    expect(changedSections(null, before)).toEqual(before);
    expect(changedSections(before, viewOf(known({ now: now + 1000 })))).toBeNull();
    expect(changedSections(before, viewOf(known({ leader: 'redis-1' })))).toEqual({ leader: 'redis-1' });
  });

  it('says of a flag what everybody gets, what the canary gets instead, and who changed either last', () => {
    const flag = (value: string, more: object = {}) =>
      JSON.stringify({
        state: 'ENABLED',
        variants: { on: true, off: false },
        defaultVariant: value,
        ...more,
      });
    const change = (who: string, seconds: number) => ({ at: at(seconds), who, what: 'flag changed' });
    const views = flagViews(
      new Map([
        ['tokens@canary', flag('on')],
        ['tokens', flag('off', { targeting: { if: [] } })],
        ['broken', '{'],
        ['$evaluators', '{}'],
      ]),
      new Map([
        ['tokens', change('ann', -9)],
        ['tokens@canary', change('bob', -3)],
      ]),
    );
    expect(views).toEqual([
      {
        ...{ key: 'tokens', enabled: true, value: 'false', targeted: true, changed: change('bob', -3) },
        canary: { enabled: true, value: 'true', targeted: false },
      },
    ]);
  });
});

describe('who may order', () => {
  // echo -n secret | sha256sum
  const hash = '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b';
  const bearing = (authorization?: string) => ({ headers: authorization ? { authorization } : {} });

  it('is who has the token; without one configured, nobody', () => {
    expect(isOperator(bearing('Bearer secret'), hash)).toBeTrue();
    for (const given of [undefined, 'Bearer wrong', 'Basic secret', 'Bearer ', `Bearer ${hash}`]) {
      expect(isOperator(bearing(given), hash)).toBeFalse();
    }
    expect(isOperator(bearing('Bearer secret'), '')).toBeFalse();
  });

  it('is no page of another site, nor one that made its name point here', () => {
    expect(isCrossSite({ headers: { 'sec-fetch-site': 'cross-site' } })).toBeTrue();
    expect(isCrossSite({ headers: { 'sec-fetch-site': 'same-origin' } })).toBeFalse();
    expect(isCrossSite({ headers: {} })).toBeFalse();
    for (const own of ['10.1.2.3:9102', 'localhost:1', '[::1]:9102', 'ops.example.com']) {
      expect(isOwnName(own, ['ops.example.com']))
        .withContext(own)
        .toBeTrue();
    }
    for (const foreign of ['evil.example', 'ops.example.com', '10.1.2.3.evil.example:9102', undefined]) {
      expect(isOwnName(foreign, [])).toBeFalse();
    }
  });
});
