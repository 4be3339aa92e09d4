/** The kinds of droplet. */
export const pools = ['prod', 'canary', 'proxy', 'redis'] as const;
export type Pool = (typeof pools)[number];

/** Everything that Coalmine keeps in Redis, by name. Nothing else spells these keys. */
export const keys = {
  fleet: 'coalmine:fleet',
  rollout: 'coalmine:rollout',
  /** What the leader thinks of the rollout, for people; and what it knows, for the next leader. */
  verdict: 'coalmine:verdict',
  evidence: 'coalmine:evidence',
  /** What the autoscaler thinks and does. */
  autoscale: 'coalmine:autoscale',
  leader: 'coalmine:leader',
  leaderToken: 'coalmine:leader:token',
  flags: 'coalmine:flags',
  /** What a flag was before, and who changed it; `field` as in the hash of flags. */
  flagHistory: (field: string) => `coalmine:flag-history:${field}`,
  allow: 'coalmine:allow',
  events: 'coalmine:events',
  alert: (pool: Pool) => `coalmine:alert:${pool}`,
  alertRecords: 'coalmine:alerts',
  alertsTold: 'coalmine:alerts:told',
  alertsTeller: (pool: Pool) => `coalmine:alerts:teller:${pool}`,
  silences: 'coalmine:alerts:silences',
  samples: (host: string) => `coalmine:samples:${host}`,
  traffic: (proxy: string) => `coalmine:traffic:${proxy}`,
  revision: (topic: Topic) => `coalmine:revision:${topic}`,
} as const;

/** The channel on which every change is announced as `topic revision`. */
export const changedChannel = 'coalmine:changed';

/** What can change; each topic has its own revision counter. */
export type Topic = 'fleet' | 'rollout' | 'alerts' | 'flags';
