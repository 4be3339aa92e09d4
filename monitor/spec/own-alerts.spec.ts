import { alertRules } from '@coalmine/fleet/alert-rules.js';
import { OwnAlerts } from '../src/alerts/own-alerts.js';
import { recordOf, sampleOf } from './records.js';

const droplet = { host: 'prod-1', pool: 'prod', service: 'app-server.service' } as const;
const rules = alertRules({ cpu: 45, memory: 45, sustained: 2000, rules: [] });

function after(values: readonly number[], alerts = new OwnAlerts(droplet, rules)): string[] {
  return values.flatMap((cpu, second) =>
    alerts
      .consider(sampleOf('prod-1', 'prod', second * 1000, cpu))
      .map(({ state, reason }) => `${state}: ${reason}`),
  );
}

describe('the alerts of a droplet', () => {
  it('say what happened, from what on, and that it is over', () => {
    expect(after([80, 81, 82, 10, 10, 10])).toEqual([
      'firing: CPU of prod-1 is at 82 %, over 45 % for 2 s',
      'resolved: CPU of prod-1 is at 10 %, fine again',
    ]);
  });

  it('know a service that does not run', () => {
    const alerts = new OwnAlerts(droplet, rules);
    const sample = { ...sampleOf('prod-1', 'prod', 0, 0), service: null };
    const told = Array.from({ length: 11 }, (_, second) =>
      alerts.consider({ ...sample, at: second * 1000 }),
    ).flat();
    expect(told.map(({ reason }) => reason)).toEqual(['app-server.service of prod-1 does not run']);
  });

  it('go on after a restart of the agent where they were, and are not told twice', () => {
    const alerts = new OwnAlerts(droplet, rules);
    alerts.adopt({
      records: new Map([['prod-1/cpu', recordOf('prod-1', 'prod')]]),
      told: new Map(),
      silences: [],
    });
    expect(alerts.firing.map(({ firedAt }) => firedAt)).toEqual(['2026-11-23T12:00:03.000Z']);
    expect(after([80, 81, 82, 83], alerts)).toEqual([]);
    expect(after([10, 10, 10], alerts)).toEqual(['resolved: CPU of prod-1 is at 10 %, fine again']);
  });

  it('only come of the rules of their pool', () => {
    const other = rules.map((rule) => ({ ...rule, pools: ['canary' as const] }));
    expect(after([80, 81, 82, 83], new OwnAlerts(droplet, other))).toEqual([]);
  });
});
