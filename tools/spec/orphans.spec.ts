import type { Member } from '@coalmine/fleet/members.js';
import type { Droplet } from '../src/digitalocean.js';
import { findOrphans, orphanLines } from '../src/orphans.js';

const op = 'coalmine-op:1';

function droplet(name: string, ...tags: string[]): Droplet {
  return {
    ...{ id: 1, name, status: 'active', tags: ['coalmine:shop', ...tags] },
    address: '',
    privateAddress: '',
    gateway: '',
  };
}

const member: Member = { pool: 'prod', address: '10.0.0.1', port: 3000, state: 'in', release: 'r' };

describe('orphans', () => {
  it('are droplets in no pool, servers that nobody knows, and entries without a droplet', () => {
    const droplets = [
      droplet('prod-1', 'coalmine-pool:prod'),
      droplet('prod-2', 'coalmine-pool:prod', op),
      droplet('golden', op),
    ];
    const found = findOrphans(
      droplets,
      new Map([
        ['prod-1', member],
        ['prod-3', member],
      ]),
    );
    expect(found.poolless.map(({ name }) => name)).toEqual(['golden']);
    expect(found.unentered.map(({ name }) => name)).toEqual(['prod-2']);
    expect(found.entries).toEqual(['prod-3']);
    expect(orphanLines(found).length).toBe(3);
  });

  it('are none in a fleet that is well, nor before its first deploy', () => {
    const droplets = [droplet('prod-1', 'coalmine-pool:prod')];
    const none = { poolless: [], unentered: [], entries: [] };
    expect(findOrphans(droplets, new Map([['prod-1', member]]))).toEqual(none);
    expect(findOrphans(droplets, new Map())).toEqual(none);
    expect(orphanLines(none)).toEqual([]);
  });

  it('are only the cloud’s while Redis does not answer', () => {
    const found = findOrphans([droplet('prod-1', 'coalmine-pool:prod'), droplet('mine')], null);
    expect(found.unentered).toEqual([]);
    expect(orphanLines(found)).toEqual(['droplet mine (1) is in no pool, and not ours']);
  });
});
