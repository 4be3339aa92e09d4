import { dirname, join } from 'node:path';
import { z } from 'zod';
import { proxySettings } from '../settings.js';

/** What HAProxy alone needs. */
export const haproxySettings = proxySettings.extend({
  HAPROXY_BINARY: z.string().min(1).default('/usr/sbin/haproxy'),
  /** Threads of HAProxy; 0 for as many as there are processors. */
  HAPROXY_THREADS: z.coerce.number().int().min(0).max(64).default(1),
  /** Connections at most; each needs two file descriptors. */
  HAPROXY_CONNECTIONS: z.coerce.number().int().min(10).max(1_000_000).default(8000),
});
export type HaproxySettings = z.infer<typeof haproxySettings>;

/** Where HAProxy's own files are: beside the last known state, so that they outlive a restart of either process. */
export function folderOf(settings: HaproxySettings): string {
  return join(dirname(settings.STATE_FILE), 'haproxy');
}
