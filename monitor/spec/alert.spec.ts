import { judge, quiet } from '../src/alert.js';

const threshold = 45;
const sustainedMs = 3000;

/** Whether the alert fires after each second's value. */
function firingAfter(values: readonly number[]): boolean[] {
  let state = quiet;
  return values.map(
    (value, second) => (state = judge(state, value, threshold, sustainedMs, second * 1000)).firing,
  );
}

describe('an alert', () => {
  it('fires when the threshold is exceeded for as long as is asked', () => {
    expect(firingAfter([90, 90, 90, 90])).toEqual([false, false, false, true]);
  });

  it('does not fire on a spike, nor on the threshold itself', () => {
    expect(firingAfter([90, 90, 10, 90, 90])).not.toContain(true);
    expect(firingAfter([45, 45, 45, 45, 45])).not.toContain(true);
  });

  it('is over when the value has been down as long', () => {
    expect(firingAfter([90, 90, 90, 90, 10, 10, 10, 10])).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('goes on through a dip', () => {
    expect(firingAfter([90, 90, 90, 90, 10, 90, 90]).at(-1)).toBeTrue();
  });

  it('says since when it fires', () => {
    let state = quiet;
    for (const second of [0, 1, 2, 3]) state = judge(state, 90, threshold, sustainedMs, second * 1000);
    expect(state.since).toBe(3000);
  });
});
