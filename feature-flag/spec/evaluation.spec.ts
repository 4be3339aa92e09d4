import { evaluatorsField } from '@coalmine/fleet/flags.js';
import { FlagSet } from '../src/flag-set.js';

const variantsOf = (...names: string[]) => Object.fromEntries(names.map((name) => [name, name]));
const staff = { '==': [{ var: 'email' }, 'ballmer@macrosoft.com'] };
const suits = (seed: unknown) => ({
  fractional: [
    { cat: [seed, { var: 'user.name' }] },
    ['clubs', 25],
    ['diamonds', 25],
    ['hearts', 25],
    ['spades', 25],
  ],
});
const version = (variant: string, operator: string, than: string, otherwise: unknown): unknown => ({
  if: [{ sem_ver: [{ var: 'version' }, operator, than] }, variant, otherwise],
});
const flags: Record<string, object> = {
  boolean: { variants: { on: true, off: false }, defaultVariant: 'on' },
  string: { variants: { greeting: 'hi', parting: 'bye' }, defaultVariant: 'greeting' },
  number: { variants: { tenth: 0.1, half: 0.5 }, defaultVariant: 'half' },
  object: { variants: { empty: {}, template: { title: 'pics', perPage: 100 } }, defaultVariant: 'template' },
  'zero-boolean': { variants: { zero: false, other: true }, defaultVariant: 'zero' },
  'zero-string': { variants: { zero: '', other: 'str' }, defaultVariant: 'zero' },
  'zero-number': { variants: { zero: 0, other: 1 }, defaultVariant: 'zero' },
  'null-default': { variants: { on: true, off: false }, defaultVariant: null },
  'no-default': {
    variants: { normal: 'CFO', special: 'CEO' },
    targeting: { if: [{ '==': ['jobs@orange.com', { var: ['email'] }] }, 'special', null] },
  },
  referring: {
    variants: variantsOf('hi', 'bye', 'none'),
    defaultVariant: 'none',
    targeting: { if: [{ $ref: 'staff' }, 'hi', 'bye'] },
  },
  'fractional-flag': {
    variants: variantsOf('clubs', 'diamonds', 'hearts', 'spades', 'wild'),
    defaultVariant: 'wild',
    targeting: suits({ var: '$flagd.flagKey' }),
  },
  seeded: {
    variants: variantsOf('clubs', 'diamonds', 'hearts', 'spades', 'wild'),
    defaultVariant: 'wild',
    targeting: suits('shared-seed'),
  },
  'fractional-flag-shorthand': {
    variants: variantsOf('heads', 'tails', 'draw'),
    defaultVariant: 'draw',
    targeting: { fractional: [['heads'], ['tails', 1]] },
  },
  edges: {
    variants: variantsOf('lower', 'upper'),
    defaultVariant: 'lower',
    targeting: { fractional: [{ var: 'targetingKey' }, ['lower', 50], ['upper', 50]] },
  },
  affixes: {
    variants: variantsOf('prefix', 'postfix', 'none'),
    defaultVariant: 'none',
    targeting: {
      if: [
        { starts_with: [{ var: 'id' }, 'abc'] },
        'prefix',
        { if: [{ ends_with: [{ var: 'id' }, 'xyz'] }, 'postfix', 'none'] },
      ],
    },
  },
  compared: {
    variants: variantsOf('equal', 'greater', 'lesser', 'none'),
    defaultVariant: 'none',
    targeting: version(
      'equal',
      '=',
      '2.0.0',
      version('greater', '>', '2.0.0', version('lesser', '<', '2.0.0', 'none')),
    ),
  },
  ranges: {
    variants: variantsOf('minor', 'major', 'none'),
    defaultVariant: 'none',
    targeting: version('minor', '~', '3.0.0', version('major', '^', '3.0.0', 'none')),
  },
  missing: { variants: { a: 'a' }, defaultVariant: 'a', targeting: { if: [true, 'b', null] } },
};

describe('evaluation, by the cases of flagd’s own test-bed,', () => {
  const set = new FlagSet();
  const { core } = set;
  const text = (key: string, context = {}) => core.resolveStringEvaluation(key, 'fallback', context).value;

  beforeAll(() => {
    set.replace(
      new Map([
        ...Object.entries(flags).map(
          ([key, flag]) => [key, JSON.stringify({ state: 'ENABLED', ...flag })] as const,
        ),
        ['disabled', JSON.stringify({ ...flags.boolean, state: 'DISABLED' })],
        [evaluatorsField, JSON.stringify({ staff })],
      ]),
    );
  });

  it('gives the default variant of each type', () => {
    expect(core.resolveBooleanEvaluation('boolean', false)).toEqual(
      jasmine.objectContaining({ value: true, variant: 'on', reason: 'STATIC' }),
    );
    expect(text('string')).toBe('hi');
    expect(core.resolveNumberEvaluation('number', 1).value).toBe(0.5);
    expect(core.resolveObjectEvaluation('object', {}).value).toEqual({ title: 'pics', perPage: 100 });
  });

  it('takes false, nothing and 0 for values', () => {
    expect(core.resolveBooleanEvaluation('zero-boolean', true).value).toBeFalse();
    expect(text('zero-string')).toBe('');
    expect(core.resolveNumberEvaluation('zero-number', 1).value).toBe(0);
  });

  it('gives the caller’s default, and says why', () => {
    const wrong = core.resolveStringEvaluation('boolean', 'mine');
    expect([wrong.value, wrong.reason, wrong.errorCode]).toEqual(['mine', 'ERROR', 'TYPE_MISMATCH' as never]);
    expect(core.resolveBooleanEvaluation('unknown', true).errorCode as string).toBe('FLAG_NOT_FOUND');
    expect(core.resolveBooleanEvaluation('disabled', false)).toEqual(
      jasmine.objectContaining({ value: false, reason: 'DISABLED' }),
    );
    expect(core.resolveBooleanEvaluation('null-default', true)).toEqual(
      jasmine.objectContaining({ value: true, reason: 'DEFAULT' }),
    );
    expect(text('no-default')).toBe('fallback');
    expect(text('missing')).toBe('fallback');
  });

  it('targets, also by rules that flags share', () => {
    expect(text('no-default', { email: 'jobs@orange.com' })).toBe('CEO');
    expect(text('referring', { email: 'ballmer@macrosoft.com' })).toBe('hi');
    expect(text('referring', { email: 'someone' })).toBe('bye');
  });

  it('compiles again what refers to a rule that changed', () => {
    const other = new FlagSet();
    const referring = JSON.stringify({ state: 'ENABLED', ...flags.referring });
    other.replace(
      new Map([
        ['referring', referring],
        [evaluatorsField, JSON.stringify({ staff })],
      ]),
    );
    expect(other.core.resolveStringEvaluation('referring', '', { email: 'x' }).value).toBe('bye');
    const rule = { '==': [{ var: 'email' }, 'x'] };
    const changed = other.replace(
      new Map([
        ['referring', referring],
        [evaluatorsField, JSON.stringify({ staff: rule })],
      ]),
    );
    expect(changed).toEqual(['referring']);
    expect(other.core.resolveStringEvaluation('referring', '', { email: 'x' }).value).toBe('hi');
  });

  const bucketed: [string, Record<string, string>][] = [
    ['fractional-flag', { jack: 'hearts', queen: 'spades', ten: 'clubs', nine: 'diamonds', 3: 'clubs' }],
    ['seeded', { seven: 'hearts', eight: 'diamonds', nine: 'clubs', two: 'spades' }],
  ];
  for (const [key, users] of bucketed) {
    it(`puts users into the buckets of ${key}`, () => {
      for (const [name, value] of Object.entries(users)) expect(text(key, { user: { name } })).toBe(value);
    });
  }

  it('puts users into buckets by their targeting key, at the edges of the hash too', () => {
    expect(text('fractional-flag-shorthand', { targetingKey: 'jon@company.com' })).toBe('heads');
    expect(text('fractional-flag-shorthand', { targetingKey: 'jane@company.com' })).toBe('tails');
    expect(text('fractional-flag-shorthand')).toBe('draw');
    for (const targetingKey of ['ejOoVL', 'bY9fO-', 'SI7p-'])
      expect(text('edges', { targetingKey })).toBe('lower');
    for (const targetingKey of ['6LvT0', 'ceQdGm']) expect(text('edges', { targetingKey })).toBe('upper');
  });

  it('compares the beginning and the end of a text', () => {
    expect(text('affixes', { id: 'abcdef' })).toBe('prefix');
    expect(text('affixes', { id: 'uvwxyz' })).toBe('postfix');
    expect(text('affixes', { id: 3 })).toBe('none');
  });

  it('compares versions', () => {
    const compared = {
      '2.0.0': 'equal',
      '2.1.0': 'greater',
      '1.9.0': 'lesser',
      '2.0.0-alpha': 'lesser',
      '2.0.0.0': 'none',
    };
    for (const [given, value] of Object.entries(compared))
      expect(text('compared', { version: given })).toBe(value);
    const ranges = { '3.0.1': 'minor', '3.1.0': 'major', '4.0.0': 'none' };
    for (const [given, value] of Object.entries(ranges))
      expect(text('ranges', { version: given })).toBe(value);
  });

  it('lets a flag differ in an environment', () => {
    const canary = new FlagSet('canary');
    const definition = (defaultVariant: string) =>
      JSON.stringify({ state: 'ENABLED', ...flags.boolean, defaultVariant });
    const fields = new Map([
      ['a', definition('off')],
      ['a@canary', definition('on')],
    ]);
    const prod = new FlagSet('prod');
    for (const one of [canary, prod]) one.replace(fields);
    expect(canary.core.resolveBooleanEvaluation('a', false).value).toBeTrue();
    expect(prod.core.resolveBooleanEvaluation('a', true).value).toBeFalse();
    expect(canary.replace(new Map([['a', definition('off')]]))).toEqual(['a']);
    expect(canary.core.resolveBooleanEvaluation('a', true).value).toBeFalse();
  });

  it('goes on with the others when one cannot be read', () => {
    const damaged = new FlagSet();
    damaged.replace(
      new Map([
        ['a', '{'],
        ['b', JSON.stringify({ state: 'ENABLED', ...flags.boolean })],
      ]),
    );
    expect(damaged.core.resolveBooleanEvaluation('a', true).value).toBeTrue();
    expect(damaged.core.resolveBooleanEvaluation('b', false).value).toBeTrue();
  });
});
