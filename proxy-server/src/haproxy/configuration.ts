import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { PoolName } from '../backends.js';
import { lastResort, instead, type WantedServer } from './servers.js';
import { decisionRules, cookieHeader } from './decision.js';
import { splitKey } from './split.js';

export interface Layout {
  /** Where HAProxy's files are. */
  folder: string;
  /** `fd@3` for a socket that was handed over, or address:port. */
  bind: string;
  threads: number;
  connections: number;
  cookieSecret: string;
  /** As in the Node engine's settings. */
  sticky: boolean;
  keyHeader: string;
  trusted: readonly string[];
  bodyAtMost: number;
  /** Share of the requests in the access log, 0 to 1. */
  logged: number;
}

export const files = {
  configuration: (folder: string) => join(folder, 'haproxy.cfg'),
  admin: (folder: string) => join(folder, 'admin.sock'),
  split: (folder: string) => join(folder, 'split.map'),
  allow: (folder: string) => join(folder, 'allow.map'),
  lua: (folder: string) => join(folder, 'nominated.lua'),
} as const;

/**
 * Bytes of a request that HAProxy holds, less 1 kB for what it adds: headers of up to 11 kB. A request that may be
 * repeated is copied with its whole buffer, which makes HAProxy's 16 kB a tenth slower.
 */
const bufferBytes = 12_288;

/** Requests in flight when HAProxy is told to stop may take this long. */
const stopWithin = '12s';

/**
 * HAProxy's configuration. Everything that changes while it runs (weights, allow-list, servers) comes through the
 * admin socket; the servers written here are those it starts with, so that it serves from its first moment.
 */
export function renderConfiguration(layout: Layout, servers: readonly WantedServer[]): string {
  return `${frame(layout, identity(layout))}
${backend(layout, 'prod', servers)}
${backend(layout, 'canary', servers)}
backend latency-prod
  stick-table type integer size 10k store gpc0
backend latency-canary
  stick-table type integer size 10k store gpc0
backend genuine
  stick-table type string len 100 size 50k expire 10m store gpt0
`;
}

/** Tells a HAProxy that runs on this configuration, whatever its servers, from one of another release. */
export function identity(layout: Layout): string {
  const text = frame(layout, '') + backend(layout, 'prod', []) + backend(layout, 'canary', []);
  return `coalmine-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

function frame(layout: Layout, description: string): string {
  const { folder, bind, threads, connections, bodyAtMost, logged } = layout;
  return `# Written by Coalmine at every start of HAProxy.
global
  description ${description}
  maxconn ${connections}
  no strict-limits
${threads > 0 ? `  nbthread ${threads}\n` : ''}  hard-stop-after ${stopWithin}
  stats socket ${files.admin(folder)} mode 600 level admin expose-fd listeners
  stats timeout 1h
  tune.bufsize ${bufferBytes}
  tune.http.maxhdr 256
  spread-checks 20
  lua-load ${files.lua(folder)}
defaults
  mode http
  balance leastconn
  timeout http-request 10s
  timeout http-keep-alive 65s
  timeout client 60s
  timeout client-fin 10s
  timeout connect 3s
  timeout server 30s
  timeout tunnel 1h
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response
${ownAnswers}
frontend entry
  bind ${bind}
  option idle-close-on-response
  http-request set-var(txn.begun) date(0,us)
  http-request deny deny_status 400 if { req.ver 1.0 } { req.hdr_cnt(transfer-encoding) gt 0 }
  http-request deny deny_status 400 unless { url_beg / } || METH_OPTIONS
${bodyAtMost > 0 ? `  http-request deny deny_status 413 if { req.hdr(content-length) -m int gt ${bodyAtMost} }\n` : ''}${hopByHop}
${forwarded(layout.trusted)}
  http-request set-header x-request-id %[uuid] unless { req.hdr(x-request-id) -m found }
${logged > 0 ? accessLog(logged) : '  no log'}
${decisionRules({ ...layout, split: files.split(folder), splitKey, allow: files.allow(folder) })}
  default_backend prod
`;
}

/** X-Forwarded-* are ours; a trusted proxy's are believed, and added to. */
function forwarded(trusted: readonly string[]): string {
  const untrusted = trusted.length > 0 ? ` unless { src ${trusted.join(' ')} }` : '';
  const unlessSaid = (name: string): string =>
    trusted.length > 0 ? ` unless { req.hdr(${name}) -m found }` : '';
  return `  http-request del-header forwarded
  http-request del-header x-forwarded- -m beg${untrusted}
  http-request add-header x-forwarded-for %[src]
  http-request add-header x-forwarded-proto http${unlessSaid('x-forwarded-proto')}
  http-request add-header x-forwarded-host %[req.hdr(host)]${unlessSaid('x-forwarded-host')}`;
}

/** A line of JSON for some of the requests, with the Node engine's names and, beside them, who answered. */
function accessLog(share: number): string {
  return `  log stdout format raw local0 info
  log-format '{"level":30,"time":%Ts%ms,"service":"proxy-server","id":"%[var(txn.id),json(utf8s)]","method":"%HM","url":"%[capture.req.uri,json(utf8s)]","status":%ST,"ms":%Ta,"server":"%s","msg":"request"}'
  http-request set-var(txn.id) req.hdr(x-request-id) if { rand(10000) lt ${Math.round(share * 10_000)} }
  http-request set-log-level silent unless { var(txn.id) -m found }`;
}

const hopByHop = `  acl names_headers req.hdr(connection) -m found
  acl names_none req.hdr(connection) -m str -i keep-alive close upgrade
  http-request lua.nominated if names_headers !names_none
  http-request del-header te
  http-request del-header trailer
  http-request del-header proxy- -m beg`;

/** What HAProxy answers by itself, told apart from the app's answers by x-proxy-error. */
const ownAnswers = [
  [400, 'bad-request'],
  [408, 'request-timeout'],
  [502, 'no-answer'],
  [503, 'no-server'],
  [504, 'timeout'],
]
  .map(([status, reason]) => {
    const body = JSON.stringify({ error: 'the service cannot be reached just now', reason });
    const later = status === 503 ? ' hdr retry-after 1' : '';
    return `  http-error status ${status} content-type application/json string '${body}' hdr x-proxy-error ${reason}${later}`;
  })
  .join('\n');

/** How long the answer took, in slots: below 1000 tenths of a ms, from there on 10 ms each (see slotMs). */
const latencySlots = `  http-response set-var(txn.us) date(0,us),sub(txn.begun)
  acl is_quick var(txn.us) -m int lt 100000`;

function countLatency(pool: PoolName, also = ''): string {
  return `  http-response track-sc1 var(txn.us),div(100) table latency-${pool} if is_quick${also}
  http-response track-sc1 var(txn.us),div(10000),add(1000) table latency-${pool} if !is_quick${also}`;
}

function backend({ trusted }: Layout, name: PoolName, servers: readonly WantedServer[]): string {
  const lines = servers
    .filter((server) => server.backend === name && !server.draining)
    .map((server) => `  server ${server.name} ${server.address}:${server.port} ${server.keywords}`);
  // An answer of production's that stands in for the canary is production's.
  const count =
    name === 'prod'
      ? countLatency('prod')
      : `  acl stands_in srv_name -m end ${instead}
${countLatency('prod', ' stands_in')}
${countLatency('canary', ' !stands_in')}`;
  return `backend ${name}
  option httpchk GET /healthz
  option allbackups
  http-check expect status 200
  acl idempotent method GET HEAD OPTIONS TRACE PUT DELETE
  http-request disable-l7-retry unless idempotent
  http-response del-header keep-alive
  http-response lua.nominated_back if { res.hdr(connection) -m found } !{ res.hdr(connection) -m str -i keep-alive close upgrade }
  http-response set-header x-served-by %[srv_name,field(1,${lastResort.slice(0, 1)})]
${cookieHeader(trusted)}
${latencySlots}
${count}
  http-response sc-inc-gpc0(1)
${lines.join('\n')}`;
}
