import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../src/project.js';
import { stepCases } from './library-cases.js';

const vars = join(installation, 'vars');
const names = readdirSync(vars)
  .filter((name) => name.endsWith('.groovy'))
  .map((name) => name.replace('.groovy', ''));

describe('Every step of the shared library', () => {
  it('has a text for Jenkins’ pipeline reference, with an example', () => {
    const texts = names.map((name) => join(vars, `${name}.txt`));
    expect(
      texts.filter((file) => !existsSync(file) || !readFileSync(file, 'utf8').includes('<pre>')),
    ).toEqual([]);
  });

  it('has a spec', () => {
    expect(names.filter((name) => !stepCases[name]?.length)).toEqual([]);
    expect(Object.keys(stepCases).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('has a row in the README', () => {
    const rows = readFileSync(join(vars, 'README.md'), 'utf8').matchAll(/^\| `(\w+)/gm);
    expect([...rows].map(([, name]) => name ?? '').sort()).toEqual([...names].sort());
  });

  it('calls one subcommand of coalmine at most, with nothing interpolated into the shell', () => {
    for (const name of names) {
      const groovy = readFileSync(join(vars, `${name}.groovy`), 'utf8');
      const scripts = [...groovy.matchAll(/script: (.)(.*)\1/g)];
      expect(scripts.length).withContext(name).toBeLessThan(2);
      for (const [, quote, script = ''] of scripts) {
        expect(quote).withContext(name).toBe("'");
        expect(script.match(/\bcoalmine\b/g))
          .withContext(name)
          .toHaveSize(1);
      }
    }
  });
});
