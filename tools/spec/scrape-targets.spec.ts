import type { Droplet } from '../src/digitalocean.js';
import { scrapeTargets } from '../src/scrape-targets.js';

function droplet(name: string, privateAddress: string, pool = name.replace(/-\d+$/, '')): Droplet {
  const tags = ['coalmine:shop', `coalmine-pool:${pool}`];
  return {
    ...{ id: 1, name, status: 'active', tags },
    ...{ address: '1.2.3.4', privateAddress, gateway: '' },
  };
}

describe('the targets of Prometheus', () => {
  it('are the parts of each droplet that an operator may ask, by private address', () => {
    const targets = scrapeTargets('shop', [droplet('proxy-1', '10.0.0.2'), droplet('prod-1', '10.0.0.1')]);
    expect(targets).toEqual([
      {
        targets: ['10.0.0.1:9102'],
        labels: { fleet: 'shop', droplet: 'prod-1', pool: 'prod', part: 'monitor' },
      },
      {
        targets: ['10.0.0.2:9102'],
        labels: { fleet: 'shop', droplet: 'proxy-1', pool: 'proxy', part: 'monitor' },
      },
      {
        targets: ['10.0.0.2:9101'],
        labels: { fleet: 'shop', droplet: 'proxy-1', pool: 'proxy', part: 'proxy-server' },
      },
    ]);
  });

  it('leave out what has no address yet, and what is in no pool', () => {
    const stranger = { ...droplet('mine', '10.0.0.9'), tags: ['coalmine:shop'] };
    expect(scrapeTargets('shop', [droplet('prod-1', ''), stranger])).toEqual([]);
  });
});
