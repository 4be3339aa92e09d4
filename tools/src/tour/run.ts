import { reasonOf } from '../problem.js';
import { table } from '../table.js';
import type { Act, Outcome } from './act.js';
import type { Stage } from './stage.js';

/** Plays the acts in order; one that breaks its promise, or falls, does not end the tour. */
export async function playAll(
  acts: readonly Act[],
  stage: Stage,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, act] of acts.entries()) {
    say(`\n${index + 1}. ${act.name}\n   promised: ${act.promise}`);
    const { visitors } = stage;
    const before = { requests: visitors.requests, failures: visitors.failures.length };
    const began = Date.now();
    const { measured, kept } = await act.play(stage).catch((error: unknown) => ({
      measured: reasonOf(error),
      kept: false,
    }));
    const requests = visitors.requests - before.requests;
    const failed = visitors.failures.length - before.failures;
    const outcome = {
      ...{ name: act.name, promise: act.promise, kept: kept && failed === 0 },
      measured: `${measured}; ${failed} of ${requests} requests failed`,
    };
    for (const failure of visitors.failures.slice(before.failures, before.failures + 3)) {
      say(`   a visitor: ${failure}`);
    }
    say(`   ${outcome.kept ? '✔' : '✘'} ${outcome.measured} (${seconds(Date.now() - began)})`);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** What was promised beside what was measured. */
export function tourTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, promise, measured, kept }) => [
    kept ? '✔' : '✘',
    name,
    promise,
    measured,
  ]);
  return table(['', 'ACT', 'PROMISED', 'MEASURED'], rows);
}

/** A time for people: 0.4 s, 12 s. */
export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
