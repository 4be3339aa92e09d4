import type { AlertRecord } from '@coalmine/fleet/alert-records.js';
import { drawChart } from './mail/chart.js';
import { composeMail, composeWebhook } from './mail/message.js';
import { receiversOf } from './receivers.js';
import type { Settings } from './settings.js';

/** What became of a message to one receiver; `error` null: it was taken. */
export interface TestResult {
  receiver: string;
  error: string | null;
}

/** Sends a message that looks like an alert to every receiver, at once and without the spool, and says how it went. */
export async function testReceivers(settings: Settings, now = new Date()): Promise<TestResult[]> {
  const record: AlertRecord = {
    ...{
      host: settings.COALMINE_HOST,
      pool: settings.POOL,
      rule: 'test',
      metric: 'cpu',
      severity: 'warning',
    },
    ...{ state: 'firing', value: 0, threshold: settings.CPU_THRESHOLD, resolvedAt: null },
    ...{ since: now.toISOString(), firedAt: now.toISOString() },
    reason: `This is a test from ${settings.COALMINE_HOST}; nothing is wrong`,
  };
  const points = Array.from({ length: 300 }, (_, second) => ({
    at: now.getTime() - (300 - second) * 1000,
    value: 25 + 20 * Math.sin(second / 40) + (second > 200 ? 20 : 0),
  }));
  const chart = await drawChart({ points, threshold: settings.CPU_THRESHOLD, highest: 100 });
  const told = {
    pool: settings.POOL,
    notices: [{ id: 'test', kind: 'firing' as const, record }],
    ...{ events: [], chartMinutes: 5 },
  };
  const messages: Record<string, unknown> = {
    mail: {
      ...composeMail(told),
      subject: `[coalmine] Test from ${settings.COALMINE_HOST}`,
      chart: chart.toString('base64'),
    },
    webhook: composeWebhook(told),
  };
  return Promise.all(
    Object.entries(receiversOf(settings)).map(async ([receiver, send]) => {
      const error = await send(messages[receiver], `test-${now.getTime()}`).then(
        () => null,
        (reason: Error) => reason.message,
      );
      return { receiver, error };
    }),
  );
}
