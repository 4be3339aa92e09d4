import { parseConfig } from '@coalmine/fleet/config.js';
import type { Member } from '@coalmine/fleet/members.js';
import type { Droplet } from '../src/digitalocean.js';
import { commitsOf } from '../src/scale-out.js';
import { openFrom } from '../src/scale-in.js';
import { planScale } from '../src/scale-plan.js';

const config = parseConfig('name: shop\npools: { prod: { min: 1, max: 4 } }');
const [old, current] = ['a'.repeat(40), 'b'.repeat(40)];

function droplet(name: string, status = 'active'): Droplet {
  const tags = ['coalmine:shop', `coalmine-pool:${name.replace(/-\d+$/, '')}`];
  const id = Number(name.replace(/\D/g, ''));
  return { ...{ id, name, status, tags }, address: '', privateAddress: '', gateway: '' };
}

function member(
  name: string,
  state: Member['state'] = 'in',
  release: string | null = current,
): [string, Member] {
  return [name, { pool: 'prod', address: '10.0.0.1', port: 3000, state, release }];
}

const names = (entries: readonly { name: string }[]): string[] => entries.map(({ name }) => name);

describe('the plan of a new size', () => {
  it('creates what is missing, under the first names that are free', () => {
    const plan = planScale(config, [droplet('prod-2'), droplet('canary-1')], new Map([member('prod-2')]), 3);
    expect(plan.create).toEqual(['prod-1', 'prod-3']);
    expect(names(plan.keep)).toEqual(['prod-2']);
    expect(plan.remove).toEqual([]);
  });

  it('does nothing when the size is right', () => {
    const plan = planScale(config, [droplet('prod-1')], new Map([member('prod-1')]), 1);
    expect([plan.create, plan.finish, plan.remove]).toEqual([[], [], []]);
  });

  it('takes the highest numbers away', () => {
    const all = ['prod-1', 'prod-2', 'prod-10'];
    const plan = planScale(
      config,
      all.map((name) => droplet(name)),
      new Map(all.map((name) => member(name))),
      2,
    );
    expect(names(plan.remove)).toEqual(['prod-10']);
  });

  it('takes away first what runs another release than most', () => {
    const all = ['prod-1', 'prod-2', 'prod-3'];
    const members = new Map([member('prod-1', 'in', old), member('prod-2'), member('prod-3')]);
    const plan = planScale(
      config,
      all.map((name) => droplet(name)),
      members,
      2,
    );
    expect(names(plan.remove)).toEqual(['prod-1']);
  });

  it('finishes what an interrupted run left before it makes anything new', () => {
    const members = new Map([member('prod-1'), member('prod-3', 'out')]);
    const plan = planScale(
      config,
      ['prod-1', 'prod-2', 'prod-3'].map((name) => droplet(name)),
      members,
      3,
    );
    expect(names(plan.finish)).toEqual(['prod-2', 'prod-3']);
    expect(plan.create).toEqual([]);
  });

  it('removes what was left half-made when it is not wanted', () => {
    const plan = planScale(config, [droplet('prod-1'), droplet('prod-2')], new Map([member('prod-1')]), 1);
    expect(names(plan.remove)).toEqual(['prod-2']);
  });

  it('replaces a droplet that is off, under another name', () => {
    const members = new Map([member('prod-1'), member('prod-2')]);
    const plan = planScale(config, [droplet('prod-1'), droplet('prod-2', 'off')], members, 2);
    expect(plan.create).toEqual(['prod-3']);
    expect(names(plan.remove)).toEqual(['prod-2']);
  });

  it('never touches what is not of production', () => {
    const strangers = [droplet('canary-1'), { ...droplet('prod-9'), tags: ['coalmine:shop'] }];
    const plan = planScale(config, [droplet('prod-1'), ...strangers], new Map([member('prod-1')]), 1);
    expect(plan.remove).toEqual([]);
  });

  it('stays between the minimum and the maximum, and names the key', () => {
    for (const [wanted, key] of [
      [0, 'pools.prod.min'],
      [5, 'pools.prod.max'],
    ] as const)
      expect(() => planScale(config, [], new Map(), wanted)).toThrow(
        jasmine.objectContaining({ wayOut: `${key} in coalmine.yml says so.` }),
      );
    expect(() => planScale(config, [], new Map(), NaN)).toThrowError(/not a number/);
    expect(() => planScale(config, [], new Map(), 1.5)).toThrowError(/not a number/);
  });
});

describe('what a new droplet runs', () => {
  it('is the app of most of production, and the other parts as they are there', () => {
    const entry = (commit: string) => ({ commit, sha256: 'x', before: [] });
    const deployed = { 1: { 'app-server': entry(current), monitor: entry(old), 'proxy-server': entry(old) } };
    expect([...commitsOf(current, [droplet('prod-1')], deployed)]).toEqual([
      ['app-server', current],
      ['monitor', old],
    ]);
  });
});

describe('connections in flight', () => {
  it('are those of other droplets to the app', () => {
    const listed = [
      '0      0      10.9.1.3:3000      10.9.1.2:41234',
      '0      0      10.9.1.3:3000      10.9.1.3:40000', // the agent asks its own droplet
      '0      0      10.9.1.3:22        10.9.1.1:51234',
      '0      0      10.9.1.3:40000     10.9.1.3:3000',
    ].join('\n');
    expect(openFrom(listed, '10.9.1.3:3000')).toBe(1);
    expect(openFrom('', '10.9.1.3:3000')).toBe(0);
  });
});
