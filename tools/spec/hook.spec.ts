import { parseConfig } from '@coalmine/fleet/config.js';
import { isDeletion, isNewBranch, parsePushedRefs, targetOf } from '../src/hook.js';

const none = '0'.repeat(40);
const config = parseConfig('name: shop');

describe('what a push means', () => {
  it('reads every ref that git hands over', () => {
    const refs = parsePushedRefs(
      `refs/heads/main ${'a'.repeat(40)} refs/heads/main ${none}\n(delete) ${none} refs/heads/old ${'b'.repeat(40)}\n`,
    );
    expect(refs.length).toBe(2);
    expect(refs.map(isNewBranch)).toEqual([true, false]);
    expect(refs.map(isDeletion)).toEqual([false, true]);
  });

  it('deploys main to production and canary to the canary, and nothing else', () => {
    expect(targetOf(config, 'refs/heads/main')).toBe('prod');
    expect(targetOf(config, 'refs/heads/canary')).toBe('canary');
    expect(targetOf(config, 'refs/heads/feature/main')).toBeNull();
    expect(targetOf(config, 'refs/tags/main')).toBeNull();
  });
});
