import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { Author } from './store.js';

/** What a caller may do: only evaluate; also look at everything; also change it. */
export const roles = ['evaluator', 'viewer', 'editor'] as const;
export type Role = (typeof roles)[number];

const named = (role: Role): string => (role === 'viewer' ? 'a viewer' : `an ${role}`);
const rank: Record<Role, number> = { evaluator: 0, viewer: 1, editor: 2 };

interface Token {
  role: Role;
  name: string;
  sha256: Buffer;
}

/** `role:sha256[:name]`, comma-separated: the SHA-256 of each token, never the token itself. */
export const tokensSchema = z
  .string()
  .default('')
  .transform((text, context): Token[] =>
    text
      .split(',')
      .filter((entry) => entry.trim() !== '')
      .flatMap((entry) => {
        const match = /^(evaluator|viewer|editor):([0-9a-f]{64})(?::([\w.@-]+))?$/.exec(entry.trim());
        if (!match?.[2]) {
          context.addIssue('must be role:sha256 or role:sha256:name, comma-separated');
          return [];
        }
        const role = match[1] as Role;
        return [{ role, name: match[3] ?? role, sha256: Buffer.from(match[2], 'hex') }];
      }),
  );

/** Addresses and networks, comma-separated; who asks from there needs no token. */
export const operatorsSchema = z
  .string()
  .default('127.0.0.0/8,::1')
  .transform((text, context): BlockList => {
    const list = new BlockList();
    for (const entry of text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (isIP(address) === 0) context.addIssue(`${entry} is not an address or a network`);
      else if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    }
    return list;
  });

/** Who may do what at the flag service. */
export class Access {
  constructor(
    private readonly tokens: readonly Token[],
    private readonly operators: BlockList,
  ) {}

  /** What the caller may do; null for a stranger. A wrong token is worse than none: it is never an operator's. */
  roleOf(request: Request): Role | null {
    const given = tokenOf(request);
    if (given !== null) return this.tokenLike(given)?.role ?? null;
    return this.isOperator(request) ? 'editor' : null;
  }

  /** For the history: the token's name or the address, and the person that the caller says to be. */
  author(request: Request, why?: string): Author {
    const given = tokenOf(request);
    const proven = (given === null ? undefined : this.tokenLike(given)?.name) ?? address(request);
    const person = request
      .get('x-coalmine-user')
      ?.replaceAll(/[^\w.@ -]/g, '')
      .slice(0, 80);
    return { who: person ? `${person} (${proven})` : proven, ...(why ? { why } : {}) };
  }

  /** Lets through who has at least this role; 401 to a stranger, 403 to who has another. */
  require(role: Role): RequestHandler {
    return (request, response, next) => {
      const has = this.roleOf(request);
      if (has !== null && rank[has] >= rank[role]) next();
      else if (has === null)
        response
          .status(401)
          .set('www-authenticate', 'Bearer realm="coalmine flags"')
          .json({ error: `this needs the token of ${named(role)}, or an operator's address` });
      else response.status(403).json({ error: `${named(has)} may not do this; it needs ${named(role)}` });
    };
  }

  private tokenLike(given: string): Token | undefined {
    const hash = createHash('sha256').update(given).digest();
    return this.tokens.find(({ sha256 }) => timingSafeEqual(sha256, hash));
  }

  /**
   * An operator's address counts only for what the operator asked for: not for a page of another site in the
   * operator's browser, nor for one whose name was made to point here.
   */
  private isOperator(request: Request): boolean {
    const from = address(request);
    if (!this.operators.check(from, isIP(from) === 6 ? 'ipv6' : 'ipv4')) return false;
    const site = request.get('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    const host = request.get('host') ?? '';
    const origin = request.get('origin');
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) return false;
    return /^(localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])(:\d+)?$/i.test(host);
  }
}

/** The caller's address, an IPv4 one as such also on a socket for both. */
export function address(request: Request): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

function tokenOf(request: Request): string | null {
  const bearer = /^Bearer\s+(.+)$/i.exec(request.get('authorization') ?? '')?.[1];
  return bearer ?? request.get('x-api-key') ?? null;
}
