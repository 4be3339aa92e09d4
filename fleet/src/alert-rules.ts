import { z } from 'zod';
import { pools } from './keys.js';
import { metricNames } from './samples.js';

/** `critical` is also what the proxy obeys: a canary's traffic goes to production. Both are mailed. */
export const severities = ['warning', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** When a metric of a droplet is an alert. */
export const alertRuleSchema = z.object({
  /** Unique among the rules. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and dashes'),
  metric: z.enum(metricNames),
  pools: z.array(z.enum(pools)).min(1),
  /** In the metric's own unit; over it counts, on it does not. */
  threshold: z.number().min(0),
  /** How long it must be over the threshold, and later under `clearsBelow`, in ms. */
  sustainedMs: z.int().min(0),
  /** A firing alert ends only under this: a value that flickers around the threshold changes nothing. */
  clearsBelow: z.number().min(0),
  severity: z.enum(severities),
});
export type AlertRule = z.infer<typeof alertRuleSchema>;

/** Where an alert ends when nobody says so: a tenth under its threshold. */
export function clearsBelowBy(threshold: number): number {
  return Math.round(threshold * 90) / 100;
}

export interface Thresholds {
  cpu: number;
  memory: number;
  sustained: number;
  rules: readonly AlertRule[];
}

/** All rules of a fleet: those every fleet has, then its own; one of the same name takes the place of ours. */
export function alertRules({ cpu, memory, sustained, rules }: Thresholds): AlertRule[] {
  const ours: AlertRule[] = [
    loadRule('cpu', cpu, sustained),
    loadRule('memory', memory, sustained),
    { ...loadRule('down', 0.5, Math.max(sustained, 10_000)), clearsBelow: 0.5 },
  ];
  const named = new Set(rules.map(({ name }) => name));
  return [...ours.filter(({ name }) => !named.has(name)), ...rules];
}

function loadRule(metric: 'cpu' | 'memory' | 'down', threshold: number, sustainedMs: number): AlertRule {
  return {
    ...{ name: metric, metric, pools: [...pools], threshold, sustainedMs },
    ...{ clearsBelow: clearsBelowBy(threshold), severity: 'critical' },
  };
}
