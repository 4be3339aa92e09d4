import type { Fleet } from '@coalmine/fleet/members.js';

/** A server as one of HAProxy's backends shall have it. */
export interface WantedServer {
  backend: 'prod' | 'canary';
  name: string;
  address: string;
  port: number;
  /** True for a member that takes no new requests, but ends those it has. */
  draining: boolean;
  /** How HAProxy treats it: the keywords of `server` and of `add server` alike. */
  keywords: string;
}

/** Without the two of the pool, HAProxy 2.6 keeps no idle connection to a server that was added at run time. */
const connections = 'pool-max-conn 256 pool-purge-delay 30s';
const check = `${connections} check inter 1s rise 2 fall 2 slowstart 2s`;
const production = `${check} observe layer4 error-limit 3 on-error mark-down`;
/** One refused connection is enough: production has room, and the check brings the canary back. */
const canary = `${check} observe layer4 error-limit 1 on-error mark-down`;
const standIn = `${connections} backup check inter 2s rise 1 fall 2`;

/** What follows the member's name where the same member stands in a second time. */
export const lastResort = ':any';
export const instead = ':instead';

/**
 * The servers of both backends. Behind the canary's own stand production's, as backup: they answer what the canary
 * does not, retried requests included. Behind production's checked servers stand the same ones unchecked: when every
 * check fails, likely failure is better than certain failure.
 */
export function wantedServers(fleet: Fleet): WantedServer[] {
  return [...fleet].flatMap(([name, member]): WantedServer[] => {
    const { pool, state, address, port } = member;
    if ((pool !== 'prod' && pool !== 'canary') || (state !== 'in' && state !== 'draining')) return [];
    const common = { address, port, draining: state === 'draining' };
    if (pool === 'canary') return [{ ...common, backend: 'canary', name, keywords: canary }];
    return [
      { ...common, backend: 'prod', name, keywords: production },
      { ...common, backend: 'prod', name: name + lastResort, keywords: `${connections} backup` },
      { ...common, backend: 'canary', name: name + instead, keywords: standIn },
    ];
  });
}

/** A server as `show servers state` tells. */
export interface KnownServer {
  backend: string;
  name: string;
  address: string;
  port: number;
  /** Bits of srv_admin_state that are not inherited: 1 maintenance by command, 8 draining by command. */
  adminState: number;
}

const forcedMaintenance = 0x01;
const forcedDrain = 0x08;

/** Reads `show servers state` (management.txt, 9.3): a version, names of columns after `#`, a line per server. */
export function parseServersState(text: string): KnownServer[] {
  const lines = text.split('\n');
  const columns = (lines.find((line) => line.startsWith('# ')) ?? '').slice(2).split(' ');
  const at = (fields: string[], column: string): string => fields[columns.indexOf(column)] ?? '';
  return lines
    .map((line) => line.split(' '))
    .filter((fields) => fields.length > 10 && fields[0] !== '#')
    .map((fields) => ({
      backend: at(fields, 'be_name'),
      name: at(fields, 'srv_name'),
      address: at(fields, 'srv_addr'),
      port: Number(at(fields, 'srv_port')),
      adminState: Number(at(fields, 'srv_admin_state')),
    }));
}

/**
 * The commands that bring HAProxy's servers to what is wanted. A server that shall go is first put into maintenance,
 * where it ends its requests; HAProxy refuses to delete it before, so that comes with a later call.
 */
export function serverCommands(
  wanted: readonly WantedServer[],
  known: readonly KnownServer[],
): { now: string[]; deletions: string[] } {
  const path = (server: { backend: string; name: string }): string => `${server.backend}/${server.name}`;
  const before = new Map(known.map((server) => [path(server), server]));
  const now: string[] = [];
  const deletions: string[] = [];
  for (const server of wanted) {
    const is = before.get(path(server));
    const isSame = is?.address === server.address && is.port === server.port;
    if (is && !isSame) {
      now.push(...retire(path(server), is));
      deletions.push(`del server ${path(server)}`);
    } else if (!is) {
      now.push(`add server ${path(server)} ${server.address}:${server.port} ${server.keywords}`);
      if (server.keywords.includes(' check ')) now.push(`enable health ${path(server)}`);
      now.push(`set server ${path(server)} state ${server.draining ? 'drain' : 'ready'}`);
    } else {
      const state = server.draining ? 'drain' : 'ready';
      const isIn = (is.adminState & forcedMaintenance) === 0;
      const isDraining = (is.adminState & forcedDrain) !== 0;
      if (!isIn || isDraining !== server.draining) now.push(`set server ${path(server)} state ${state}`);
    }
    before.delete(path(server));
  }
  for (const [name, server] of before) {
    now.push(...retire(name, server));
    deletions.push(`del server ${name}`);
  }
  return { now, deletions };
}

function retire(name: string, { adminState }: KnownServer): string[] {
  return (adminState & forcedMaintenance) === 0 ? [`set server ${name} state maint`] : [];
}
