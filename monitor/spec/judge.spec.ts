import { fine, judge, type AlertState } from '../src/alerts/judge.js';

const rule = { threshold: 45, clearsBelow: 40, sustainedMs: 3000 };

/** What is thought after each second's value: `.` fine, `?` pending, `!` firing. */
function course(values: readonly (number | null)[]): string {
  let state: AlertState = fine;
  const signs = { fine: '.', pending: '?', firing: '!' };
  return values
    .map((value, second) => signs[(state = judge(state, value, rule, second * 1000)).state])
    .join('');
}

describe('an alert', () => {
  it('is pending, and fires when the threshold is exceeded for as long as is asked', () => {
    expect(course([90, 90, 90, 90])).toBe('???!');
  });

  it('does not fire on a spike, nor on the threshold itself', () => {
    expect(course([90, 90, 10, 90, 90])).toBe('??.??');
    expect(course([45, 45, 45, 45, 45])).toBe('.....');
  });

  it('is over when the value has been low as long', () => {
    expect(course([90, 90, 90, 90, 10, 10, 10, 10])).toBe('???!!!!.');
  });

  it('goes on through a dip, and while the value is between the two marks', () => {
    expect(course([90, 90, 90, 90, 10, 90, 90])).toBe('???!!!!');
    expect(course([90, 90, 90, 90, 42, 42, 42, 42, 42, 42])).toBe('???!!!!!!!');
  });

  it('takes a metric that is not known for a low one', () => {
    expect(course([90, 90, null, 90])).toBe('??.?');
    expect(course([90, 90, 90, 90, null, null, null, null])).toBe('???!!!!.');
  });

  it('says since when the threshold is exceeded, and when it began to fire', () => {
    let state: AlertState = fine;
    for (const second of [0, 1, 2, 3, 4]) state = judge(state, 90, rule, second * 1000);
    expect(state).toEqual({ state: 'firing', since: 0, firedAt: 3000, belowSince: null });
  });

  it('fires at once when nothing else is asked', () => {
    expect(judge(fine, 46, { ...rule, sustainedMs: 0 }, 7).state).toBe('firing');
  });
});
