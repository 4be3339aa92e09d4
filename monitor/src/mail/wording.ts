import type { AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import { metrics } from '@coalmine/fleet/samples.js';
import type { Notice } from '../alerts/due.js';

/** What an alert is about, in a word or two. */
export function titleOf({ metric }: Pick<AlertRecord, 'metric'>): string {
  return metric === 'no-data' ? 'no data' : metrics[metric].title;
}

/** A figure with its unit: `93.2 %`. */
export function amountOf(metric: AlertRecord['metric'], value: number): string {
  const unit = metric === 'no-data' ? 's' : metrics[metric].unit;
  return `${Math.round(value * 10) / 10} ${unit}`.trim();
}

/** `canary-1: CPU at 93.2 %`, as a subject says it. */
export function headlineOf({ kind, record }: Notice): string {
  const { host, metric, value } = record;
  if (kind === 'resolved') return `${host}: ${titleOf(record)} is fine again`;
  const still = kind === 'still' ? 'still ' : '';
  if (metric === 'down') return `${host}: ${still}${titleOf(record)}`;
  if (metric === 'no-data') return `${host}: ${still}silent for ${amountOf(metric, value)}`;
  return `${host}: ${titleOf(record)} ${still}at ${amountOf(metric, value)}`;
}

/** The subject of a mail about several alerts of a pool. */
export function subjectOf(pool: Pool, notices: readonly Notice[]): string {
  const [first] = notices;
  if (notices.length === 1 && first) return `[coalmine] ${headlineOf(first)}`;
  const firing = notices.filter(({ kind }) => kind !== 'resolved').length;
  const parts = [
    ...(firing > 0 ? [`${firing} alert${firing > 1 ? 's' : ''}`] : []),
    ...(firing < notices.length ? [`${notices.length - firing} over`] : []),
  ];
  const hosts = [...new Set(notices.map(({ record }) => record.host))];
  const named = hosts.slice(0, 3).join(', ') + (hosts.length > 3 ? ` and ${hosts.length - 3} more` : '');
  return `[coalmine] ${pool}: ${parts.join(', ')} (${named})`;
}

/** What Coalmine does by itself about an alert, in a sentence. */
export function doneAbout({ kind, record }: Notice): string {
  const { pool, severity, metric } = record;
  if (pool === 'canary' && severity === 'critical' && metric !== 'no-data') {
    return kind === 'resolved'
      ? 'The canary may have its share of the traffic again, as the rollout says.'
      : 'The proxy sends no more requests to the canary; production takes all of them.';
  }
  if (kind === 'resolved') return 'Nothing had to be done.';
  if (pool === 'canary' || pool === 'prod')
    return 'The droplet stays in rotation; the proxy leaves it out by itself when it does not answer.';
  return 'Nothing: this droplet cannot be replaced without you.';
}

/** What a person does next, as commands. */
export function adviceFor({ host, pool, metric }: AlertRecord): string[] {
  const look = ['coalmine top', `coalmine logs ${host} --follow`];
  const backOut =
    pool === 'prod' || pool === 'canary' ? [`coalmine rollback --target ${pool}`] : ['coalmine status'];
  const silence = `coalmine alerts silence --host ${host} --for 1h --why "…"`;
  if (metric === 'no-data') return ['coalmine status', 'coalmine up', silence];
  return [...look, ...backOut, silence];
}
