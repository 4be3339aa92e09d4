import type { AlertRule } from '@coalmine/fleet/alert-rules.js';

/** What is thought of one rule on one droplet. Times are ms since the epoch. */
export type AlertState =
  | { state: 'fine' }
  /** Over the threshold, but not long enough. */
  | { state: 'pending'; since: number }
  /** `belowSince`: since when it has been low enough to end; null while it is not. */
  | { state: 'firing'; since: number; firedAt: number; belowSince: number | null };

export const fine: AlertState = { state: 'fine' };

/**
 * The next state after a sample. An alert fires once its metric has been over the threshold for `sustainedMs`, and ends
 * once it has been at or under `clearsBelow` as long; in between nothing changes. A metric that is not known (null) counts as
 * low: its service is not running, which is an alert of its own. Pure.
 */
export function judge(
  before: AlertState,
  value: number | null,
  rule: Pick<AlertRule, 'threshold' | 'clearsBelow' | 'sustainedMs'>,
  now: number,
): AlertState {
  if (before.state === 'firing') {
    if (value !== null && value > rule.clearsBelow) return { ...before, belowSince: null };
    const belowSince = before.belowSince ?? now;
    return now - belowSince >= rule.sustainedMs ? fine : { ...before, belowSince };
  }
  if (value === null || value <= rule.threshold) return fine;
  const since = before.state === 'pending' ? before.since : now;
  return now - since >= rule.sustainedMs
    ? { state: 'firing', since, firedAt: now, belowSince: null }
    : { state: 'pending', since };
}
