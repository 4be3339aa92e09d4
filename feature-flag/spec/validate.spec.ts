import { checkEvaluators, checkFlag, InvalidFlag } from '../src/validate.js';

const good = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };

function mistakes(definition: unknown, evaluators?: unknown): string[] {
  try {
    checkFlag(definition, evaluators);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidFlag)) throw error;
    return error.mistakes.map(({ path, message }) => `${path}: ${message}`);
  }
}

describe('a definition', () => {
  it('is taken when flagd takes it', () => {
    expect(mistakes(good)).toEqual([]);
    expect(mistakes({ ...good, defaultVariant: null })).toEqual([]);
    expect(mistakes({ ...good, targeting: {} })).toEqual([]);
    expect(
      mistakes({
        ...good,
        targeting: {
          fractional: [
            ['on', 1],
            ['off', 3],
          ],
        },
      }),
    ).toEqual([]);
  });

  it('is refused with the path of what is wrong', () => {
    expect(mistakes({ ...good, state: 'ON' })).toEqual(['/state: must be one of ENABLED, DISABLED']);
    expect(mistakes({ ...good, targeting: { if: [{ foo: [1] }, 'on'] } })[0]).toContain('/targeting/if/0');
    expect(mistakes({ ...good, targeting: { sem_ver: [{ var: 'v' }, '≥', '1.0.0'] } })[0]).toContain(
      '/targeting/sem_ver/1: must be one of =, !=',
    );
    expect(mistakes({ ...good, variants: { on: true, off: 'no' } })[0]).toContain('/variants/o');
    expect(mistakes({ ...good, metadata: { owner: { name: 'ann' } } })[0]).toContain('/metadata/owner');
    expect(mistakes('on')[0]).toContain('must be object');
  });

  it('is refused when flagd would take it and then trip', () => {
    expect(mistakes({ ...good, defaultVariant: 'maybe' })[0]).toContain('/defaultVariant');
    expect(mistakes({ ...good, variants: {} })[0]).toContain('/variants');
    expect(mistakes({ ...good, targeting: { if: [{ $ref: 'staff' }, 'on', 'off'] } })).toEqual([
      '/targeting/if/0: there is no shared rule staff',
    ]);
  });

  it('may refer to a shared rule that is there', () => {
    const rules = checkEvaluators({ staff: { ends_with: [{ var: 'email' }, '@example.com'] } });
    expect(mistakes({ ...good, targeting: { if: [{ $ref: 'staff' }, 'on', 'off'] } }, rules)).toEqual([]);
    expect(() => checkEvaluators({ staff: { sounds_like: [] } })).toThrowError(InvalidFlag);
  });

  it('has times that are times, and in order', () => {
    expect(mistakes({ ...good, metadata: { onAt: 'soon' } })[0]).toContain('/metadata/onAt');
    const turned = { onAt: '2026-02-01T00:00:00Z', offAt: '2026-01-01T00:00:00Z' };
    expect(mistakes({ ...good, metadata: turned })).toEqual(['/metadata/offAt: must be after onAt']);
    const text = { state: 'ENABLED', variants: { a: 'x', b: 'y' }, defaultVariant: 'a' };
    expect(mistakes({ ...text, metadata: { offAt: '2026-01-01' } })[0]).toContain('/metadata/offVariant');
  });
});
