import { mayRetry } from '../src/retry.js';

const failed = { method: 'GET', hasBody: false, neverSent: false, attempts: 1 };

describe('a failed attempt', () => {
  it('is repeated when it may be done twice', () => {
    expect(mayRetry(failed)).toBeTrue();
    expect(mayRetry({ ...failed, method: 'DELETE' })).toBeTrue();
  });

  it('is never repeated when it may not', () => {
    expect(mayRetry({ ...failed, method: 'POST' })).toBeFalse();
    expect(mayRetry({ ...failed, method: 'PUT', hasBody: true })).toBeFalse();
  });

  it('is repeated whatever it is when nothing was sent', () => {
    expect(mayRetry({ ...failed, method: 'POST', neverSent: true })).toBeTrue();
  });

  it('is not repeated for ever', () => {
    expect(mayRetry({ ...failed, attempts: 3 })).toBeFalse();
  });
});
