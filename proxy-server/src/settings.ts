import { serviceSettings } from '@coalmine/fleet/settings.js';
import { z } from 'zod';

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: ({ input }) => `${String(input)} is neither an address nor a network such as 10.0.0.0/8`,
});

/** What both engines, Node and HAProxy, are told by their environment. */
export const proxySettings = serviceSettings.extend({
  OPERATIONS_PORT: z.coerce.number().int().min(1).max(65_535),
  STATE_FILE: z.string().min(1),
  COOKIE_SECRET: z.string().min(16, 'must have at least 16 characters'),
  /** Share of the canary before any rollout was announced, in 1/100 %. */
  CANARY_WEIGHT: z.coerce.number().int().min(0).max(10_000).default(500),
  /** false: every request is drawn by itself, also one of a browser. */
  STICKY: z.stringbool().default(true),
  /** A header whose value tells users apart, before the cookie. */
  KEY_HEADER: z
    .string()
    .regex(/^[\w-]*$/, 'must be the name of a header')
    .toLowerCase()
    .default(''),
  /** Addresses and networks whose X-Forwarded-* are believed, separated by commas. */
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(network)),
  /** The largest body that is let in, bytes; 0: any. */
  BODY_AT_MOST: z.coerce.number().int().min(0).default(0),
  /** Share of the requests that the access log tells of, 0 to 1. */
  ACCESS_LOG_SHARE: z.coerce.number().min(0).max(1).default(0.01),
});
