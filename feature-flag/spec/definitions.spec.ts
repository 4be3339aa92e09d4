import fc from 'fast-check';
import type { Flag } from '@coalmine/fleet/flags.js';
import {
  booleanValue,
  defaultDefinition,
  isFlagKey,
  killed,
  rolledOut,
  toggled,
  withoutKill,
} from '../src/definitions.js';
import { effective, isStale } from '../src/effective.js';
import { FlagSet } from '../src/flag-set.js';
import { checkFlag } from '../src/validate.js';

const setOf = (flag: unknown) => {
  const set = new FlagSet();
  set.replace(new Map([['a', JSON.stringify(flag)]]));
  return set;
};
const isOn = (flag: unknown, context = {}) => setOf(flag).core.resolveBooleanEvaluation('a', false, context);

describe('a flag', () => {
  it('is on by default', () => {
    expect(booleanValue(defaultDefinition)).toBeTrue();
  });

  it('is off after a toggle and on after another', () => {
    const off = toggled(defaultDefinition);
    expect(booleanValue(off ?? undefined)).toBeFalse();
    expect(off && toggled(off)).toEqual(defaultDefinition);
  });

  it('has no value, so that the default of the caller holds, when it is unknown or disabled', () => {
    expect(booleanValue(undefined)).toBeNull();
    expect(booleanValue({ ...defaultDefinition, state: 'DISABLED' })).toBeNull();
  });

  it('cannot be toggled when its values are not boolean', () => {
    expect(toggled({ state: 'ENABLED', variants: { red: 'red' }, defaultVariant: 'red' })).toBeNull();
  });

  it('is called by what can stand in a URL and a search', () => {
    expect(isFlagKey('checkout.new-ui')).toBeTrue();
    for (const key of ['', 'a b', 'a@canary', '$evaluators', 'a/b', '.a']) expect(isFlagKey(key)).toBeFalse();
  });
});

describe('the kill switch', () => {
  const targeted: Flag = {
    ...defaultDefinition,
    targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'on', 'off'] },
    metadata: { owner: 'ann' },
  };

  it('is off for everybody, whatever the targeting says', () => {
    const dead = killed(targeted);
    expect(isOn(targeted, { plan: 'gold' }).value).toBeTrue();
    expect(isOn(dead, { plan: 'gold' }).value).toBeFalse();
  });

  it('gives the flag back as it was', () => {
    const dead = killed(targeted);
    expect(dead && withoutKill(dead)).toEqual(targeted);
    expect(dead && booleanValue(toggled(dead) ?? undefined)).toBeTrue();
  });

  it('needs to know what off is', () => {
    const colours: Flag = { state: 'ENABLED', variants: { red: 'r', grey: 'g' }, defaultVariant: 'red' };
    expect(killed(colours)).toBeNull();
    const known = { ...colours, metadata: { offVariant: 'grey' } };
    expect(setOf(killed(known)).core.resolveStringEvaluation('a', 'x').value).toBe('g');
  });
});

describe('a gradual rollout', () => {
  it('gives about its share of the users the variant, and each user always the same', () => {
    const flag = rolledOut(defaultDefinition, 25);
    const set = setOf(flag);
    const on = Array.from({ length: 4000 }, (_, user) =>
      set.core.resolveBooleanEvaluation('a', false, { targetingKey: `user-${user}` }),
    ).filter(({ value }) => value).length;
    expect(on / 4000).toBeCloseTo(0.25, 1);
  });

  it('never takes it from a user while the share grows', () => {
    const share = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), share, share, (targetingKey, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const before = isOn(rolledOut(defaultDefinition, less), { targetingKey }).value;
        const after = isOn(rolledOut(defaultDefinition, more), { targetingKey }).value;
        return !before || after;
      }),
      { numRuns: 100 },
    );
  });

  it('is what flagd takes', () => {
    for (const percent of [0, 0.01, 33.33, 100])
      expect(() => checkFlag(rolledOut(defaultDefinition, percent))).not.toThrow();
  });
});

describe('a schedule', () => {
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const scheduled = (onAt: string, offAt: string): Flag => ({
    ...defaultDefinition,
    metadata: { onAt, offAt },
  });

  it('is off before, on within and off after', () => {
    expect(isOn(scheduled(at(60_000), at(120_000))).value).toBeFalse();
    expect(isOn(scheduled(at(-60_000), at(120_000))).value).toBeTrue();
    expect(isOn(scheduled(at(-60_000), at(-30_000))).value).toBeFalse();
  });

  it('leaves the targeting as it is within', () => {
    const flag = { ...scheduled(at(-60_000), at(60_000)), targeting: { if: [{ var: 'out' }, 'off', null] } };
    expect(isOn(flag, { out: true }).value).toBeFalse();
    expect(isOn(flag).value).toBeTrue();
  });

  it('is said in flagd’s own terms, so that flagd takes it', () => {
    expect(() => checkFlag(effective(scheduled(at(0), at(60_000))))).not.toThrow();
  });
});

describe('an expiry date', () => {
  it('makes a flag stale once it has passed', () => {
    const flag: Flag = { ...defaultDefinition, metadata: { expires: '2026-06-01' } };
    expect(isStale(flag, new Date('2026-05-31'))).toBeFalse();
    expect(isStale(flag, new Date('2026-06-01'))).toBeTrue();
    expect(isStale(defaultDefinition, new Date())).toBeFalse();
  });
});
