/** What the agent thinks of one metric. Pure: all that it knows is handed in. */
export interface AlertState {
  firing: boolean;
  /** Since when the value has been on the other side of the threshold, ms since the epoch; null if it is not. */
  crossedAt: number | null;
  /** When it began to fire, ms since the epoch. */
  since: number | null;
}

export const quiet: AlertState = { firing: false, crossedAt: null, since: null };

/**
 * The next state after a sample (%). Fires once the value has been over the threshold for `sustainedMs`, and
 * resolves once it has been under it as long: a value that flickers around the threshold changes nothing.
 */
export function judge(
  state: AlertState,
  value: number,
  threshold: number,
  sustainedMs: number,
  now: number,
): AlertState {
  const over = value > threshold;
  if (over === state.firing) return { ...state, crossedAt: null };
  const crossedAt = state.crossedAt ?? now;
  if (now - crossedAt < sustainedMs) return { ...state, crossedAt };
  return { firing: over, crossedAt: null, since: over ? now : null };
}
