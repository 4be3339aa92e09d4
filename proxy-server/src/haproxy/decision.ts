import { testerName } from '../decision.js';

/** Where HAProxy finds what the decision depends on. */
export interface DecisionSources {
  cookieSecret: string;
  sticky: boolean;
  /** A header whose value is the user's key, before any cookie; empty: none. */
  keyHeader: string;
  trusted: readonly string[];
  /** Files of maps, which are also their names on the admin socket. */
  split: string;
  splitKey: string;
  allow: string;
}

const cookieName = 'coalmine-bucket';
const yearSeconds = 31_536_000;

/** Hands a new browser its cookie, with the answer. */
export function cookieHeader(trusted: readonly string[]): string {
  const cookie = (more: string, condition: string): string =>
    `  http-response add-header set-cookie "${cookieName}=%[var(txn.new)].%[var(txn.seal)]; Path=/; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax${more}" if { var(txn.new) -m found }${condition}`;
  if (trusted.length === 0) return cookie('', '');
  return `  acl came_by_tls var(txn.proto) -m str https
${cookie('', ' !came_by_tls')}
${cookie('; Secure', ' came_by_tls')}`;
}

/**
 * The rules of decision.ts, choose.ts and bucket.ts in HAProxy's words: the key is the configured header's value, or in
 * a cookie that carries its HMAC; the bucket is crc32(key:salt) mod 10000.
 */
export function decisionRules(sources: DecisionSources): string {
  const { split, splitKey, allow, sticky, trusted } = sources;
  const names = [`req.fhdr(${testerName})`, `req.cook(${testerName})`, ...(sticky ? ['var(req.key)'] : [])];
  const testers = names.map((name) => `  acl is_tester ${name},map_str(${allow}) -m found`).join('\n');
  return `${trusted.length > 0 ? '  http-request set-var(txn.proto) req.fhdr(x-forwarded-proto)\n' : ''}  http-request set-var(req.split) str(${splitKey}),map_str(${split},-1:)
  http-request set-var(req.weight) var(req.split),field(1,:)
${sticky ? keyRules(sources) : ''}  http-request set-var(req.bucket) rand(10000)
  acl canary_lives nbsrv(canary) gt 0
  use_backend canary if { var(req.bucket),sub(req.weight) -m int lt 0 } canary_lives
  acl has_testers var(req.split),field(3,:) -m found
${testers}
  use_backend canary if has_testers is_tester !{ var(req.weight) -m int lt 0 } canary_lives`;
}

/**
 * The user's key: the configured header, or the cookie if it is genuine; a browser that has none is handed one. A cookie
 * found genuine is remembered, as an HMAC costs more than all the rest, and the rules end there for most requests.
 */
function keyRules({ cookieSecret, keyHeader }: DecisionSources): string {
  const seal = `hmac(sha256,${Buffer.from(cookieSecret).toString('base64')}),ub64enc,bytes(0,22)`;
  const known = `  http-request set-var(req.bucket) var(req.key),concat(:,req.salt),crc32,mod(10000) if has_key
  http-request allow if has_key`;
  return `${keyHeader === '' ? '' : `  http-request set-var(req.key) req.fhdr(${keyHeader})\n`}  acl has_key var(req.key) -m found
  http-request set-var(req.salt) var(req.split),field(2,:)
  http-request set-var(req.cookie) req.cook(${cookieName})${keyHeader === '' ? '' : ' if !has_key'}
  http-request set-var(req.key) var(req.cookie),field(1,.) if { var(req.cookie),in_table(genuine) }
${known}
  acl has_cookie var(req.cookie) -m found
  http-request set-var(req.claimed) var(req.cookie),field(1,.) if has_cookie
  http-request set-var(txn.seal) var(req.claimed),${seal} if has_cookie
  http-request set-var(req.key) var(req.claimed) if has_cookie { var(req.cookie),field(2,.),secure_memcmp(txn.seal) }
  http-request track-sc0 var(req.cookie) table genuine if has_key
  http-request set-var-fmt(txn.new) %[uuid] if !has_key { req.hdr(accept) -m sub text/html }
  http-request set-var(txn.seal) var(txn.new),${seal} if !has_key
  http-request set-var(req.key) var(txn.new) if !has_key
${known}
`;
}
