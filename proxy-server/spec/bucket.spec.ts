import { BucketCookie } from '../src/bucket.js';

const cookie = new BucketCookie('a secret of some length');
const pairOf = (header: string) => header.split(';')[0] ?? '';

describe('the bucket cookie', () => {
  it('gives its key back', () => {
    const { key, header } = cookie.issue(false);
    expect(cookie.read(`theme=dark; ${pairOf(header)}; other=1`)).toBe(key);
  });

  it('cannot be forged', () => {
    const { key, header } = cookie.issue(false);
    expect(cookie.read(pairOf(header).replace(key, `${key}x`))).toBeNull();
    expect(cookie.read(`coalmine-bucket=${key}`)).toBeNull();
    expect(new BucketCookie('another secret altogether').read(pairOf(header))).toBeNull();
  });

  it('is kept from scripts and other sites, and from plain HTTP behind TLS', () => {
    expect(cookie.issue(false).header).toMatch(/HttpOnly; SameSite=Lax$/);
    expect(cookie.issue(true).header).toContain('Secure');
  });

  it('is nobody who sent none', () => {
    expect(cookie.read(undefined)).toBeNull();
    expect(cookie.read('theme=dark')).toBeNull();
  });
});
