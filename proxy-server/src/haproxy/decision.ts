/** Where HAProxy finds what the decision depends on. */
export interface DecisionSources {
  cookieSecret: string;
  /** Files of maps, which are also their names on the admin socket. */
  split: string;
  splitKey: string;
  allow: string;
}

const cookieName = 'coalmine-bucket';
const yearSeconds = 31_536_000;

/** Hands a new browser its cookie, with the answer. */
export const cookieHeader = `  http-response add-header set-cookie "${cookieName}=%[var(txn.new)].%[var(txn.seal)]; Path=/; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax" if { var(txn.new) -m found }`;

/**
 * The rules of choose.ts and bucket.ts in HAProxy's words: the key is in a cookie that carries its HMAC, the bucket is
 * crc32(key:salt) mod 10000. A cookie that was found genuine is remembered, as an HMAC costs more than all the rest.
 */
export function decisionRules({ cookieSecret, split, splitKey, allow }: DecisionSources): string {
  const seal = `hmac(sha256,${Buffer.from(cookieSecret).toString('base64')}),ub64enc,bytes(0,22)`;
  const cookie = `req.cook(${cookieName})`;
  return `  http-request set-var(txn.split) str(${splitKey}),map_str(${split},-1:)
  http-request set-var(txn.salt) var(txn.split),field(2,:)
  acl has_cookie ${cookie} -m found
  acl is_genuine ${cookie},in_table(genuine) -m bool
  acl has_key var(txn.key) -m found
  http-request set-var(txn.key) ${cookie},field(1,.) if has_cookie is_genuine
  http-request set-var(txn.claimed) ${cookie},field(1,.) if has_cookie !has_key
  acl is_claimed var(txn.claimed) -m found
  http-request set-var(txn.seal) var(txn.claimed),${seal} if is_claimed
  http-request set-var(txn.key) var(txn.claimed) if is_claimed { ${cookie},field(2,.),secure_memcmp(txn.seal) }
  http-request track-sc0 ${cookie} table genuine if is_claimed has_key
  http-request set-var-fmt(txn.new) %[uuid] if !has_key { req.hdr(accept) -m sub text/html }
  acl is_new var(txn.new) -m found
  http-request set-var(txn.seal) var(txn.new),${seal} if is_new
  http-request set-var(txn.key) var(txn.new) if is_new
  http-request set-var(txn.bucket) var(txn.key),concat(:,txn.salt),crc32,mod(10000) if has_key
  http-request set-var(txn.bucket) rand(10000) if !has_key
  http-request set-var(txn.weight) var(txn.split),field(1,:)
  acl canary_lives nbsrv(canary) gt 0
  use_backend canary if { var(txn.bucket),sub(txn.weight) -m int lt 0 } canary_lives
  use_backend canary if !{ var(txn.weight) -m int lt 0 } has_key { var(txn.key),map_str(${allow}) -m found } canary_lives`;
}
