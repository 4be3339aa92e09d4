import { parse } from 'yaml';
import type { Droplet } from '../src/digitalocean.js';
import { inventoryList, inventoryYaml } from '../src/inventory.js';

const prod: Droplet = {
  id: 7,
  name: 'prod-1',
  status: 'active',
  tags: ['coalmine:shop', 'coalmine-pool:prod'],
  address: '203.0.113.7',
  privateAddress: '10.108.0.7',
  gateway: '203.0.113.1',
};

describe('the inventory', () => {
  it('has every pool as a group, also an empty one', () => {
    const { all } = parse(inventoryYaml('/home', [prod])) as {
      all: { children: Record<string, { hosts: object }> };
    };
    expect(Object.keys(all.children)).toEqual(['prod', 'canary', 'proxy', 'redis']);
    expect(all.children.canary).toEqual({ hosts: {} });
  });

  it('pins the host key by droplet, not by address', () => {
    expect(inventoryYaml('/home', [prod])).toContain('HostKeyAlias=droplet-7');
  });

  it('answers --list as a dynamic inventory, with all variables in _meta', () => {
    const list = inventoryList('/home', [prod]) as {
      _meta: { hostvars: Record<string, { ansible_host: string }> };
    };
    expect(list._meta.hostvars['prod-1']?.ansible_host).toBe('203.0.113.7');
  });
});
