import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError, configJsonSchema, parseConfig } from '../src/config.js';

/** The messages of a refused configuration. */
function mistakesIn(text: string): string {
  try {
    parseConfig(text, 'coalmine.yml');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  return 'accepted';
}

describe('coalmine.yml', () => {
  it('needs only a name; the rest has defaults', () => {
    const config = parseConfig('name: shop');
    expect(config.pools.prod).toEqual({ min: 1, max: 4, branch: 'main' });
    expect(config.monitor).toEqual(jasmine.objectContaining({ cpu: 45, memory: 45, sustained: 3000 }));
  });

  it('names the line and the key of an unknown key', () => {
    expect(mistakesIn('name: shop\npools:\n  prod:\n    maximum: 3\n')).toBe(
      'coalmine.yml:4: pools.prod.maximum: unknown key',
    );
  });

  it('names every mistake at once', () => {
    const mistakes = mistakesIn('name: Shop!\ncanary: { weight: 101 }\nmonitor: { sustained: soon }\n').split(
      '\n',
    );
    expect(mistakes.length).toBe(3);
    expect(mistakes[0]).toMatch(/^coalmine.yml:1: name: /);
    expect(mistakes[1]).toMatch(/^coalmine.yml:2: canary.weight: /);
    expect(mistakes[2]).toMatch(/^coalmine.yml:3: monitor.sustained: must be a duration/);
  });

  it('refuses what contradicts itself', () => {
    expect(mistakesIn('name: shop\npools: { prod: { min: 3, max: 2 } }')).toContain(
      'min must not be larger than max',
    );
    expect(mistakesIn('name: shop\npools: { prod: { branch: canary } }')).toContain('cannot share a branch');
  });

  it('says where YAML itself is broken', () => {
    expect(mistakesIn('name: [shop')).toMatch(/coalmine.yml: .* at line 1/);
  });

  it('is described for editors by the schema in docs (npm run schema writes it)', async () => {
    const file = resolve(import.meta.dirname, '../../../docs/coalmine.schema.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });
});
