import { Broken, type Act } from '../src/tour/act.js';
import { playAll, seconds, tourTable } from '../src/tour/run.js';
import type { Stage } from '../src/tour/stage.js';

describe('the tour', () => {
  const visitors = { requests: 10, failures: ['before the first act'] };
  const stage = { visitors } as unknown as Stage;
  const act = (name: string, play: Act['play']): Act => ({ name, promise: 'a promise', play });
  const good: Act['play'] = async () => ({ measured: '1 s', kept: true });

  it('goes on after a promise that was broken, and counts what visitors met in each act', async () => {
    const said: string[] = [];
    const outcomes = await playAll(
      [
        act('good', async (on) => {
          visitors.requests += 5;
          return good(on);
        }),
        act('late', async () => ({ measured: '9 s', kept: false })),
        act('broken', async () => {
          throw new Broken('it did not happen within 3 s');
        }),
        act('dropped', async (on) => {
          visitors.requests += 2;
          visitors.failures.push('answer 503');
          return good(on);
        }),
        act('good again', good),
      ],
      stage,
      (line) => said.push(line),
    );
    expect(outcomes.map(({ kept, measured }) => [kept, measured])).toEqual([
      [true, '1 s; 0 of 5 requests failed'],
      [false, '9 s; 0 of 0 requests failed'],
      [false, 'it did not happen within 3 s; 0 of 0 requests failed'],
      [false, '1 s; 1 of 2 requests failed'],
      [true, '1 s; 0 of 0 requests failed'],
    ]);
    expect(said.join('\n')).toContain('a visitor: answer 503');
    expect(tourTable(outcomes)).toMatch(/✘ +broken +a promise +it did not happen/);
  });

  it('tells times as people read them', () => {
    expect([seconds(420), seconds(9_940), seconds(41_400)]).toEqual(['0.4 s', '9.9 s', '41 s']);
  });
});
