import { hostname, userInfo } from 'node:os';
import {
  isSilenced,
  readAlertBook,
  writeAlertBook,
  type AlertBook,
  type AlertRecord,
  type Silence,
} from '@coalmine/fleet/alert-records.js';
import { recordEvent } from '@coalmine/fleet/events.js';
import type { Redis } from 'ioredis';
import { openFleet } from '../fleet.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { silenceOf, silenceText, type SilenceOptions } from '../silence.js';
import { table } from '../table.js';
import { withRedis } from '../tunnel.js';

/** Says which alerts there are, those that are over only with `--all`, and what is silenced. */
export async function list(options: { all?: boolean; json?: boolean }): Promise<void> {
  const listed = await onRedis(async (redis) =>
    listedAlerts(await readAlertBook(redis), Date.now(), options.all),
  );
  console.log(options.json ? JSON.stringify(listed, null, 2) : listText(listed));
}

/** No mail about what it names for a while. The proxies do not care: a canary in trouble loses its traffic all the same. */
export async function silence(options: SilenceOptions & { json?: boolean }): Promise<void> {
  const by = `${userInfo().username}@${hostname()}`;
  const wanted = silenceOf(options, by, new Date());
  await onRedis(async (redis) => {
    await writeAlertBook(redis, { silences: new Map([[wanted.id, wanted]]) });
    await recordEvent(redis, { who: by, what: 'silence', subject: silenceText(wanted), why: wanted.why });
  });
  if (options.json) console.log(JSON.stringify(wanted, null, 2));
  else
    console.log(
      `✔ silenced until ${wanted.until}: ${silenceText(wanted)} (coalmine alerts unsilence ${wanted.id})`,
    );
}

/** Ends a silence before its time. */
export async function unsilence(id: string): Promise<void> {
  await onRedis(async (redis) => {
    const { silences } = await readAlertBook(redis);
    const found = silences.find((one) => one.id === id);
    if (!found) {
      const ids = silences.map((one) => one.id).join(', ');
      throw new Problem(`There is no silence ${id}`, ids ? `There are: ${ids}` : 'There is none at all.');
    }
    await writeAlertBook(redis, { silences: new Map([[id, null]]) });
    const who = `${userInfo().username}@${hostname()}`;
    await recordEvent(redis, { who, what: 'silence ended', subject: silenceText(found) });
  });
  console.log(`✔ the silence ${id} is over`);
}

interface Listed {
  alerts: (AlertRecord & { silenced: boolean })[];
  silences: Silence[];
}

/** What there is to see now: firing first, then pending, then what is over. */
export function listedAlerts({ records, silences }: AlertBook, now: number, all = false): Listed {
  const order = ['firing', 'pending', 'resolved'];
  return {
    alerts: [...records.values()]
      .filter(({ state }) => all || state !== 'resolved')
      .map((record) => ({ ...record, silenced: isSilenced(record, silences, now) }))
      .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.since.localeCompare(b.since)),
    silences: silences.filter(({ until }) => Date.parse(until) > now),
  };
}

function listText({ alerts, silences }: Listed): string {
  const rows = alerts.map((one) => [
    one.silenced ? `${one.state} (silenced)` : one.state,
    ...[one.severity, one.host, one.rule, one.since.slice(0, 19), one.reason],
  ]);
  return [
    rows.length === 0 ? '✔ No alert.' : table(['STATE', 'SEVERITY', 'DROPLET', 'RULE', 'SINCE', 'WHY'], rows),
    ...silences.map(
      (one) => `~ silenced until ${one.until}: ${silenceText(one)} by ${one.by}: ${one.why} (${one.id})`,
    ),
  ].join('\n');
}

async function onRedis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
  const { project, droplets } = await openFleet(await openProject());
  return withRedis(project, droplets, use);
}
