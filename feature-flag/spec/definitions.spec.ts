import { booleanValue, defaultDefinition, toggled } from '../src/definitions.js';

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
});
