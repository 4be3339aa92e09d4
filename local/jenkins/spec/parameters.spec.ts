import type { ParameterDefinition } from '../src/job-config.js';
import { resolveParameters } from '../src/parameters.js';

const definitions: ParameterDefinition[] = [
  { kind: 'string', name: 'COMMIT', description: '', defaultValue: '' },
  { kind: 'choice', name: 'TARGET', description: '', choices: ['none', 'prod'], defaultValue: 'none' },
  { kind: 'boolean', name: 'DRY', description: '', defaultValue: true },
];

describe('parameters of a build', () => {
  it('are the defined ones, by default where the request has none; unknown ones are dropped', () => {
    expect(resolveParameters(definitions, { COMMIT: '$(x)\n"', EXTRA: '1' })).toEqual({
      COMMIT: '$(x)\n"',
      TARGET: 'none',
      DRY: true,
    });
  });

  it('refuse a choice outside the list, in Jenkins’ words', () => {
    expect(() => resolveParameters(definitions, { TARGET: 'moon' })).toThrowError(
      'Illegal choice for parameter TARGET: moon',
    );
  });
});
