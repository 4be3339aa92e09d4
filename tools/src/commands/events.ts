import { setTimeout as sleep } from 'node:timers/promises';
import { readEventsAfter, readLatestEvents, type LoggedEvent } from '@coalmine/fleet/events.js';
import { openFleet } from '../fleet.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { withRedis } from '../tunnel.js';

const everyMs = 500;

/** Prints the audit log's last entries; with `--follow` also those to come. JSON: one object a line. */
export async function events(options: { follow?: boolean; lines: string; json?: boolean }): Promise<void> {
  const count = Number(options.lines);
  if (!Number.isInteger(count) || count < 0) throw new Problem(`--lines: "${options.lines}" is not a number`);
  const { project, droplets } = await openFleet(await openProject());
  const say = (entries: readonly LoggedEvent[]): void => {
    for (const entry of entries) console.log(options.json ? JSON.stringify(entry) : eventLine(entry));
  };
  await withRedis(project, droplets, async (redis) => {
    const [newest] = await readLatestEvents(redis, 1);
    const latest = count > 0 ? await readLatestEvents(redis, count) : [];
    say(latest);
    let last = latest.at(-1)?.id ?? newest?.id ?? '0';
    while (options.follow) {
      await sleep(everyMs);
      const more = await readEventsAfter(redis, last);
      say(more);
      last = more.at(-1)?.id ?? last;
    }
  });
}

/** An entry in a line: when (UTC), what, to what, who, and why below. */
export function eventLine({ at, what, subject, who, why }: LoggedEvent): string {
  const time = at.slice(0, 19).replace('T', ' ');
  const short = /^[0-9a-f]{40}$/.test(subject) ? subject.slice(0, 10) : subject;
  const line = `${time}  ${what.padEnd(20)} ${short.padEnd(12)} ${who}`;
  return why ? `${line}\n                       ${why}` : line;
}
