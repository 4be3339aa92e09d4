import { debianSources, formatSources } from '../src/apt-sources.js';

const deb822 = `Types: deb
# a remark
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

describe("apt's sources", () => {
  it('are found in the new format, every suite of them', () => {
    expect(formatSources(debianSources([deb822], 'bookworm')))
      .toBe(`deb http://mirror.test/debian bookworm main
deb http://mirror.test/debian bookworm-updates main
deb http://mirror.test/debian-security bookworm-security main
`);
  });

  it('are found in the old format, with options and remarks', () => {
    const text =
      '# deb http://old.test/debian bookworm main\ndeb [arch=amd64] http://a.test/debian/ bookworm main contrib # x\n';
    expect(debianSources([text], 'bookworm')).toEqual([
      { uri: 'http://a.test/debian/', suite: 'bookworm', components: ['main', 'contrib'] },
    ]);
  });

  it('are left out when they are of others, of another release, of sources, or off', () => {
    const texts = [
      'deb https://vendor.test bookworm main',
      'deb http://a.test/debian trixie main',
      'deb-src http://a.test/debian bookworm main',
      'Types: deb\nEnabled: no\nURIs: http://a.test/debian\nSuites: bookworm\nComponents: main\n',
    ];
    expect(debianSources(texts, 'bookworm')).toEqual([]);
  });
});
