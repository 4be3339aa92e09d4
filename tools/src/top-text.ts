import type { DropletFigures, Frame, PoolFigures } from './top-frame.js';
import { table } from './table.js';

const barWidth = 20;

/** A frame for a terminal so many columns wide. Pure. */
export function frameText(frame: Frame, threshold: number, columns = 100): string {
  const { traffic, rollout, autoscale, alerts } = frame;
  const pools = [poolRow('prod', traffic.prod), poolRow('canary', traffic.canary)];
  const lines = [
    `${frame.at.slice(11, 19)} UTC   leader ${frame.leader ?? 'none'}`,
    '',
    table(['TRAFFIC', 'REQUESTS/S', 'FAILED', 'P50', 'P95'], pools),
    '',
    `rollout    ${rollout ? `${rollout.release?.slice(0, 10) ?? '–'} ${rollout.state}, ${rollout.weight / 100} %: ${rollout.reason}` : 'none yet'}`,
    `autoscale  ${autoscale ? `${autoscale.current} → ${autoscale.wanted}: ${autoscale.reason}` : 'off'}`,
    '',
    table(
      ['DROPLET', 'STATE', 'RELEASE', 'CPU', '', 'MEMORY', '', 'DISK', 'LAG'],
      frame.droplets.map((one) => dropletRow(one, threshold)),
    ),
    ...(alerts.length > 0 ? ['', ...alerts.map((one) => `! ${one.severity}  ${one.reason}`)] : []),
  ];
  return lines
    .join('\n')
    .split('\n')
    .map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line))
    .join('\n');
}

function poolRow(name: string, { requestsPerSecond, failedPercent, p50Ms, p95Ms }: PoolFigures): string[] {
  const failed = failedPercent === null ? '–' : `${failedPercent.toFixed(2)} %`;
  return [name, requestsPerSecond.toFixed(1), failed, milliseconds(p50Ms), milliseconds(p95Ms)];
}

function dropletRow(one: DropletFigures, threshold: number): string[] {
  return [
    ...[one.name, one.state, one.release?.slice(0, 10) ?? '–'],
    ...[bar(one.cpu, threshold), percent(one.cpu), bar(one.memory, threshold), percent(one.memory)],
    ...[percent(one.disk), milliseconds(one.eventLoopLagMs)],
  ];
}

/** `█████░░░│░░░`: full is 100 %, the stroke is the threshold. */
export function bar(value: number | null, threshold: number): string {
  if (value === null) return 'says nothing';
  const filled = Math.round((Math.min(100, value) / 100) * barWidth);
  const mark = Math.min(barWidth - 1, Math.round((threshold / 100) * barWidth));
  return Array.from({ length: barWidth }, (_, index) =>
    index === mark ? '│' : index < filled ? '█' : '·',
  ).join('');
}

function percent(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} %`;
}

function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value.toPrecision(3)} ms`;
}
