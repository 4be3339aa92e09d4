import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const cookieName = 'coalmine-bucket';
const yearSeconds = 31_536_000;

/** The cookie that keeps a browser with one pool: a random key, signed so that nobody picks a pool by forging one. */
export class BucketCookie {
  constructor(private readonly secret: string) {}

  /** The key in a Cookie header, or null when there is none or its signature is not ours. */
  read(header: string | undefined): string | null {
    if (!header?.includes(cookieName)) return null;
    const cookie = header.split(/;\s*/).find((entry) => entry.startsWith(`${cookieName}=`));
    const [key = '', signature = ''] = cookie?.slice(cookieName.length + 1).split('.') ?? [];
    const wanted = Buffer.from(this.sign(key));
    const given = Buffer.from(signature);
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? key : null;
  }

  /** A new key, and the Set-Cookie header that hands it out. */
  issue(secure: boolean): { key: string; header: string } {
    const key = randomBytes(9).toString('base64url');
    const attributes = `Path=/; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    return { key, header: `${cookieName}=${key}.${this.sign(key)}; ${attributes}` };
  }

  private sign(key: string): string {
    return createHmac('sha256', this.secret).update(key).digest('base64url').slice(0, 22);
  }
}
