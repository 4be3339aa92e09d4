import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const cookieName = 'coalmine-bucket';
const yearSeconds = 31_536_000;
const rememberedAtMost = 20_000;

/** The cookie that keeps a browser with one pool: a random key, signed so that nobody picks a pool by forging one. */
export class BucketCookie {
  /** Cookies that were found genuine: an HMAC costs more than all the rest of the decision. */
  private genuine = new Map<string, string>();

  constructor(private readonly secret: string) {}

  /** The key in a Cookie header, or null when there is none or its signature is not ours. */
  read(header: string | undefined): string | null {
    const value = cookieIn(header, cookieName);
    if (value === null) return null;
    return this.genuine.get(value) ?? this.verify(value);
  }

  /** A new key, and the Set-Cookie header that hands it out. */
  issue(secure: boolean): { key: string; header: string } {
    const key = randomBytes(9).toString('base64url');
    const attributes = `Path=/; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    return { key, header: `${cookieName}=${key}.${this.sign(key)}; ${attributes}` };
  }

  private verify(value: string): string | null {
    const [key = '', signature = ''] = value.split('.');
    const wanted = Buffer.from(this.sign(key));
    const given = Buffer.from(signature);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
    if (this.genuine.size >= rememberedAtMost) this.genuine = new Map();
    this.genuine.set(value, key);
    return key;
  }

  private sign(key: string): string {
    return createHmac('sha256', this.secret).update(key).digest('base64url').slice(0, 22);
  }
}

/** A cookie's value in a Cookie header; null when it is not there. */
export function cookieIn(header: string | undefined, name: string): string | null {
  if (header === undefined) return null;
  for (let from = header.indexOf(name); from >= 0; from = header.indexOf(name, from + 1)) {
    const before = header.charCodeAt(from - 1);
    const begins = from === 0 || before === 0x20 || before === 0x3b;
    if (!begins || header.charCodeAt(from + name.length) !== 0x3d) continue;
    const end = header.indexOf(';', from);
    return header.slice(from + name.length + 1, end < 0 ? undefined : end).trim();
  }
  return null;
}
