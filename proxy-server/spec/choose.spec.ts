import { bucketOf, choosePool, type Split } from '../src/choose.js';

const split = (change: Partial<Split> = {}): Split => ({
  weight: 500,
  salt: 'release-1',
  alert: false,
  canaryUsable: true,
  ...change,
});
const keys = Array.from({ length: 10_000 }, (_, index) => `user-${index}`);
const onCanary = (of: Split) => keys.filter((key) => choosePool(of, key) === 'canary');

describe('the choice of a pool', () => {
  it('gives the canary its share', () => {
    expect(onCanary(split()).length).toBeGreaterThan(420);
    expect(onCanary(split()).length).toBeLessThan(580);
    expect(onCanary(split({ weight: 0 })).length).toBe(0);
    expect(onCanary(split({ weight: 10_000 })).length).toBe(10_000);
  });

  it('keeps everyone on the canary who is there while the weight grows', () => {
    const later = new Set(onCanary(split({ weight: 2000 })));
    expect(onCanary(split()).every((key) => later.has(key))).toBeTrue();
  });

  it('picks other people for another release', () => {
    const other = new Set(onCanary(split({ salt: 'release-2' })));
    expect(onCanary(split()).filter((key) => other.has(key)).length).toBeLessThan(100);
  });

  it('sends everyone to production at once on an alert, or when the canary is gone', () => {
    expect(onCanary(split({ weight: 10_000, alert: true })).length).toBe(0);
    expect(onCanary(split({ weight: 10_000, canaryUsable: false })).length).toBe(0);
  });

  it('draws for each request of a client without a bucket', () => {
    expect(choosePool(split(), null, () => 0.0499)).toBe('canary');
    expect(choosePool(split(), null, () => 0.05)).toBe('prod');
  });

  it('is the crc32 that other proxies compute, too', () => {
    expect(bucketOf('user-1', 'release-1')).toBe(2282); // zlib.crc32(b'user-1:release-1') % 10000 in Python
  });
});
