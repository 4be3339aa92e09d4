import { dirname, join } from 'node:path';
import { serviceSettings } from '@coalmine/fleet/settings.js';
import { z } from 'zod';

/** The Node engine's settings that concern this one too, and what HAProxy alone needs. */
export const haproxySettings = serviceSettings.extend({
  OPERATIONS_PORT: z.coerce.number().int().min(1).max(65_535),
  STATE_FILE: z.string().min(1),
  COOKIE_SECRET: z.string().min(16, 'must have at least 16 characters'),
  /** Share of the canary before any rollout was announced, in 1/100 %. */
  CANARY_WEIGHT: z.coerce.number().int().min(0).max(10_000).default(500),
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
