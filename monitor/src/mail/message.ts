import type { Pool } from '@coalmine/fleet/keys.js';
import type { Notice } from '../alerts/due.js';
import { adviceFor, amountOf, doneAbout, headlineOf, subjectOf, titleOf } from './wording.js';

export interface Told {
  pool: Pool;
  notices: readonly Notice[];
  /** What else happened since the first of them began: `14:03:11 proxy-1 cut canary`. */
  events: readonly string[];
  /** Minutes that the chart shows of the first alert; null when there is none. */
  chartMinutes: number | null;
}

/** A mail's subject, and its body as text and as HTML, which shows the chart as `cid:chart`. Pure. */
export function composeMail(told: Told): { subject: string; text: string; html: string } {
  return { subject: subjectOf(told.pool, told.notices), text: textOf(told), html: htmlOf(told) };
}

/** The same for a webhook, as Slack (and Mattermost, Rocket.Chat, Discord's /slack) take it. */
export function composeWebhook({ pool, notices, events }: Told): Record<string, unknown> {
  const attachments = notices.map((notice) => ({
    color: colourOf(notice),
    fallback: headlineOf(notice),
    title: headlineOf(notice),
    text: `${notice.record.reason}.\n${doneAbout(notice)}`,
    fields: rowsOf(notice).map(([title, value]) => ({ title, value, short: true })),
    ts: Math.floor(Date.parse(notice.record.resolvedAt ?? notice.record.firedAt ?? '') / 1000) || undefined,
  }));
  const footer =
    events.length > 0 ? [{ color: '#868e96', title: 'Since then', text: events.join('\n') }] : [];
  return { text: subjectOf(pool, notices), attachments: [...attachments, ...footer] };
}

/** What is known of an alert, as label and value. */
function rowsOf({ kind, record }: Notice): [string, string][] {
  const { host, pool, metric, value, threshold, severity, since, resolvedAt } = record;
  const measured: [string, string][] =
    metric === 'down'
      ? []
      : [
          ['Value', amountOf(metric, value)],
          ['Threshold', amountOf(metric, threshold)],
        ];
  return [
    ['Droplet', `${host} (${pool})`],
    ...measured,
    ['Since', timeOf(since)],
    ...(kind === 'resolved' && resolvedAt !== null
      ? ([['Over', timeOf(resolvedAt)]] as [string, string][])
      : []),
    ['Severity', severity],
  ];
}

function textOf({ notices, events }: Told): string {
  const parts = notices.map((notice) => {
    const rows = rowsOf(notice).map(([label, value]) => `${`${label}:`.padEnd(12)}${value}`);
    return [`${notice.record.reason}.`, '', ...rows, '', doneAbout(notice)].join('\n');
  });
  if (events.length > 0) parts.push(['Since then:', ...events.map((event) => `  ${event}`)].join('\n'));
  const advice = adviceOf(notices);
  if (advice.length > 0) parts.push(['What to do:', ...advice.map((command) => `  ${command}`)].join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function htmlOf({ notices, events, chartMinutes }: Told): string {
  const [first] = notices;
  const chart =
    first && chartMinutes !== null
      ? `<p style="${soft}">${escape(titleOf(first.record))} of ${escape(first.record.host)}, the last ${chartMinutes} minutes; dashed: ${escape(amountOf(first.record.metric, first.record.threshold))}</p>` +
        `<img src="cid:chart" width="560" height="140" alt="${escape(first.record.reason)}" style="display:block;width:100%;max-width:560px;height:auto;border:1px solid #dee2e6;border-radius:6px">`
      : '';
  const list = (title: string, lines: readonly string[]): string =>
    lines.length === 0
      ? ''
      : `<p style="${soft}">${title}</p><pre style="margin:0;padding:10px 12px;background:#f1f3f5;border-radius:6px;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;color:#212529">${lines.map(escape).join('\n')}</pre>`;
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>' +
    '<body style="margin:0;background:#f8f9fa"><div style="max-width:600px;margin:0 auto;padding:20px;font:15px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif;color:#212529;background:#ffffff">' +
    `${notices.map(noticeHtml).join('')}${chart}${list('Since then', events)}${list('What to do', adviceOf(notices))}` +
    `<p style="${soft}">Coalmine</p></div></body></html>\n`
  );
}

const soft = 'margin:18px 0 6px;color:#868e96;font-size:13px';

function noticeHtml(notice: Notice): string {
  const rows = rowsOf(notice).map(
    ([label, value]) =>
      `<tr><td style="padding:1px 16px 1px 0;color:#868e96">${label}</td><td style="padding:1px 0">${escape(value)}</td></tr>`,
  );
  return (
    `<div style="border-left:4px solid ${colourOf(notice)};padding:2px 0 2px 14px;margin:0 0 18px">` +
    `<h1 style="font-size:18px;margin:0 0 4px">${escape(headlineOf(notice))}</h1>` +
    `<p style="margin:0 0 8px">${escape(notice.record.reason)}.</p>` +
    `<table style="border-collapse:collapse;font-size:14px">${rows.join('')}</table>` +
    `<p style="margin:8px 0 0"><b>${escape(doneAbout(notice))}</b></p></div>`
  );
}

/** For the first alert that goes on: the commands are alike for the others. */
function adviceOf(notices: readonly Notice[]): string[] {
  const first = notices.find(({ kind }) => kind !== 'resolved');
  return first ? adviceFor(first.record) : [];
}

function colourOf({ kind, record }: Notice): string {
  if (kind === 'resolved') return '#2b8a3e';
  return record.severity === 'critical' ? '#d6336c' : '#e67700';
}

function timeOf(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
