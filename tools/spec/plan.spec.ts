import { parseConfig } from '@coalmine/fleet/config.js';
import type { Droplet } from '../src/digitalocean.js';
import { planFleet } from '../src/plan.js';

const config = parseConfig('name: shop');

function droplet(name: string, status = 'active'): Droplet {
  const tags = ['coalmine:shop', `coalmine-pool:${name.replace(/-\d+$/, '')}`];
  return {
    id: Number(name.replace(/\D/g, '')),
    name,
    status,
    tags,
    address: '',
    privateAddress: '',
    gateway: '',
  };
}

const names = (entries: readonly { name: string }[]): string[] => entries.map(({ name }) => name);

describe('the plan of a fleet', () => {
  it('creates one droplet of each pool from nothing', () => {
    const plan = planFleet(config, []);
    expect(names(plan.create)).toEqual(['redis-1', 'prod-1', 'canary-1', 'proxy-1']);
    expect(plan.destroy).toEqual([]);
  });

  it('creates nothing when all is there', () => {
    const plan = planFleet(
      config,
      ['redis-1', 'prod-1', 'canary-1', 'proxy-1'].map((name) => droplet(name)),
    );
    expect(plan.create).toEqual([]);
    expect(plan.keep.length).toBe(4);
  });

  it('leaves production between its minimum and maximum as autoscaling made it', () => {
    const plan = planFleet(config, [droplet('prod-1'), droplet('prod-2'), droplet('prod-3')]);
    expect(names(plan.keep)).toEqual(['prod-1', 'prod-2', 'prod-3']);
    expect(names(plan.create)).not.toContain('prod-4');
  });

  it('destroys the highest numbers over the maximum', () => {
    const plan = planFleet(
      config,
      [1, 2, 3, 4, 5, 10].map((number) => droplet(`prod-${number}`)),
    );
    expect(names(plan.destroy)).toEqual(['prod-5', 'prod-10']);
  });

  it('replaces a droplet that is off under its own name', () => {
    const plan = planFleet(config, [droplet('prod-1', 'off')]);
    expect(names(plan.destroy)).toEqual(['prod-1']);
    expect(names(plan.create)).toContain('prod-1');
  });

  it('never touches a droplet that carries no pool tag', () => {
    const stranger = { ...droplet('database-1'), tags: ['coalmine:shop'] };
    const plan = planFleet(config, [stranger]);
    expect(plan.destroy).toEqual([]);
    expect(plan.keep).toEqual([]);
  });
});
