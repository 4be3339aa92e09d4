import { patchOf } from '../src/commands/flag-set.js';
import { remarks } from '../src/flag-text.js';
import { usagesIn } from '../src/flag-usages.js';

describe('coalmine flag', () => {
  it('finds flags as whole string literals only', () => {
    const row = 'src/app.ts\0' + "12\0  flags.getBooleanValue('search', false); // not 'search-2', not other";
    expect(usagesIn(row, ['search', 'other', 'sea'])).toEqual([
      {
        flag: 'search',
        file: 'src/app.ts',
        line: 12,
        text: "flags.getBooleanValue('search', false); // not 'search-2', not other",
      },
    ]);
    expect(usagesIn('', ['search'])).toEqual([]);
  });

  it('says by options only what changes, and removes with ""', () => {
    expect(patchOf({})).toBeNull();
    expect(patchOf({ variant: 'on', owner: 'ann', expires: '' })).toEqual({
      state: 'ENABLED',
      defaultVariant: 'on',
      metadata: { owner: 'ann', expires: null },
    });
  });

  it('remarks on what is not plain', () => {
    const view = { flag: 'f', value: false, etag: '"1"', variants: { on: true }, state: 'ENABLED' as const };
    expect(remarks({ ...view, stale: false, environments: [], targeting: {} })).toEqual([]);
    expect(
      remarks({
        ...view,
        stale: true,
        environments: ['canary'],
        targeting: { fractional: [] },
        metadata: { killed: true },
      }),
    ).toEqual(['killed', 'stale', 'targeted', 'differs on canary']);
  });
});
