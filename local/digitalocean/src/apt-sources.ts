/** One line of `sources.list`. */
export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
}

/**
 * Finds Debian's own archives of a release among apt's sources, whichever of the two formats a text is in.
 * What others publish is left out: their keys are not in the image.
 */
export function debianSources(texts: readonly string[], release: string): AptSource[] {
  const suites = [release, `${release}-updates`, `${release}-security`];
  return texts
    .flatMap((text) => (/^Types:/im.test(text) ? stanzas(text) : lines(text)))
    .filter(({ uri, suite, components }) => {
      return suites.includes(suite) && components.includes('main') && /\/debian(-security)?\/?$/.test(uri);
    });
}

export function formatSources(sources: readonly AptSource[]): string {
  return sources
    .map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}\n`)
    .join('');
}

function lines(text: string): AptSource[] {
  return text
    .split('\n')
    .map((line) => /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line))
    .filter((match) => match !== null)
    .map(([, uri = '', suite = '', components = '']) => ({ uri, suite, components: words(components) }));
}

/** The deb822 format: every URI of a stanza with every suite. */
function stanzas(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] =>
      words(new RegExp(`^${name}:((?:.|\\n[ \\t])*)$`, 'im').exec(stanza)?.[1] ?? '');
    if (!field('Types').includes('deb') || field('Enabled').includes('no')) return [];
    const components = field('Components');
    return field('URIs').flatMap((uri) => field('Suites').map((suite) => ({ uri, suite, components })));
  });
}

function words(text: string): string[] {
  return text.trim().split(/\s+/).filter(Boolean);
}
