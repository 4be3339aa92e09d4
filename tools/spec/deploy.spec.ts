import { lacksRelease, planDeliveries } from '../src/deploy.js';
import type { Deployments } from '../src/deployments.js';
import type { Droplet } from '../src/digitalocean.js';
import { parts, type Release } from '../src/release.js';

const droplets: Droplet[] = ['prod', 'canary', 'proxy', 'redis'].map((pool, index) => ({
  ...{ id: index + 1, name: `${pool}-1`, status: 'active', tags: [`coalmine-pool:${pool}`] },
  ...{ address: '192.0.2.1', privateAddress: '10.0.0.1', gateway: '' },
}));

function release(commit: string, sha256 = commit): Release {
  return {
    commit,
    parts: Object.fromEntries(parts.map((part) => [part, { file: `${part}.tar.gz`, sha256 }])),
  };
}

function deployedEverywhere(of: Release): Deployments {
  const everything = Object.fromEntries(
    parts.map((part) => [part, { commit: of.commit, sha256: of.parts[part]?.sha256 ?? '', before: [] }]),
  );
  return Object.fromEntries(droplets.map(({ id }) => [id, everything]));
}

const wording = (target: 'prod' | 'canary', of: Release, deployed: Deployments): string[] =>
  planDeliveries(target, of, droplets, deployed).map(
    ({ droplet, parts: due }) => `${droplet.name}: ${due.join(' ')}`,
  );

describe('what a deploy brings where', () => {
  it('brings everything everywhere the first time, the canary included', () => {
    expect(wording('prod', release('a'), {})).toEqual([
      'prod-1: app-server monitor',
      'canary-1: app-server monitor',
      'proxy-1: proxy-server monitor',
      'redis-1: feature-flag monitor',
    ]);
  });

  it('brings only the app to production when nothing else differs', () => {
    expect(wording('prod', release('b', 'a'), deployedEverywhere(release('a')))).toEqual([
      'prod-1: app-server',
    ]);
  });

  it('brings only the app to the canary, whatever else differs', () => {
    expect(wording('canary', release('b'), deployedEverywhere(release('a')))).toEqual([
      'canary-1: app-server',
    ]);
  });

  it('counts a droplet made anew under an old name as empty', () => {
    const deployed = deployedEverywhere(release('a'));
    expect(lacksRelease(planDeliveries('prod', release('a'), droplets, deployed), deployed)).toBeFalse();
    const others = Object.fromEntries(Object.entries(deployed).filter(([id]) => id !== '1'));
    expect(lacksRelease(planDeliveries('prod', release('a'), droplets, others), others)).toBeTrue();
  });
});
