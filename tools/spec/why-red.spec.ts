import { firstFailingSpec, firstLintError } from '../src/why-red.js';

const inTheClone = (file: string): boolean => ['spec/cart.spec.ts', 'src/cart.ts'].includes(file);
const report = (...cases: object[]) => ({ suites: [{ cases }] });

describe('why a build is red', () => {
  it('is the first failing spec, with its place in the clone', () => {
    const failed = {
      className: 'A cart',
      name: 'adds up',
      status: 'FAILED',
      errorDetails: 'Expected 3 to be 4.\nand more',
      errorStackTrace:
        'at <Jasmine>\nat file:///srv/ws/shop/node_modules/x/y.js:1:1\nat UserContext.<anonymous> (file:///srv/ws/shop/spec/cart.spec.ts:12:7)',
    };
    const passed = { className: 'A cart', name: 'is empty', status: 'PASSED' };
    expect(firstFailingSpec(report(passed, failed, { ...failed, name: 'later' }), inTheClone)).toBe(
      'spec/cart.spec.ts:12: A cart adds up – Expected 3 to be 4.',
    );
  });

  it('is told without a place when the stack names no file of the clone', () => {
    const failed = {
      className: null,
      name: 'adds up',
      status: 'REGRESSION',
      errorStackTrace: 'at /lib/x.js:1:2',
    };
    expect(firstFailingSpec(report(failed), inTheClone)).toBe('adds up – at /lib/x.js:1:2');
  });

  it('is the first lint error, not a warning before it', () => {
    const issue = {
      fileName: '/srv/ws/shop/src/cart.ts',
      lineStart: 3,
      message: 'x is never used',
      severity: 'ERROR',
    };
    expect(firstLintError({ issues: [{ ...issue, severity: 'LOW', lineStart: 1 }, issue] }, inTheClone)).toBe(
      'src/cart.ts:3: x is never used',
    );
  });

  it('is not known when nothing was published, or what was is not understood', () => {
    for (const nothing of [null, {}, report(), { issues: [] }, 'Not Found']) {
      expect(firstFailingSpec(nothing, inTheClone)).toBeNull();
      expect(firstLintError(nothing, inTheClone)).toBeNull();
    }
  });
});
