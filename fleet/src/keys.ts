/** The kinds of droplet. */
export const pools = ['prod', 'canary', 'proxy', 'redis'] as const;
export type Pool = (typeof pools)[number];

/** Everything that Coalmine keeps in Redis, by name. Nothing else spells these keys. */
export const keys = {
  fleet: 'coalmine:fleet',
  rollout: 'coalmine:rollout',
  flags: 'coalmine:flags',
  /** What a flag was before, and who changed it; `field` as in the hash of flags. */
  flagHistory: (field: string) => `coalmine:flag-history:${field}`,
  events: 'coalmine:events',
  alert: (pool: Pool) => `coalmine:alert:${pool}`,
  samples: (host: string) => `coalmine:samples:${host}`,
  traffic: (proxy: string) => `coalmine:traffic:${proxy}`,
  revision: (topic: Topic) => `coalmine:revision:${topic}`,
} as const;

/** The channel on which every change is announced as `topic revision`. */
export const changedChannel = 'coalmine:changed';

/** What can change; each topic has its own revision counter. */
export type Topic = 'fleet' | 'rollout' | 'alerts' | 'flags';
