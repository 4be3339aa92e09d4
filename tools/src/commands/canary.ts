import { hostname, userInfo } from 'node:os';
import type { Order } from '@coalmine/fleet/orders.js';
import { readRollout, type Rollout } from '@coalmine/fleet/rollout.js';
import { readLeader, readVerdict, type Verdict } from '@coalmine/fleet/verdict.js';
import type { Redis } from 'ioredis';
import { command } from '../canary.js';
import { openFleet } from '../fleet.js';
import { openProject } from '../project.js';
import { table } from '../table.js';
import { withRedis } from '../tunnel.js';

interface Said {
  rollout: Rollout | null;
  verdict: Verdict | null;
  leader: string | null;
}

/** Says how the rollout is going, and why it is not further. */
export async function status(options: { json?: boolean }): Promise<void> {
  const said = await onRedis(read);
  console.log(options.json ? JSON.stringify(said, null, 2) : statusText(said));
}

/** Carries out an order, keeps its reason with the rollout and in the audit log, and says what is then. */
export async function order(wanted: Order, options: { reason?: string; json?: boolean }): Promise<void> {
  const who = `${userInfo().username}@${hostname()}`;
  const said = await onRedis(async (redis) => {
    await command(redis, wanted, who, options.reason);
    return read(redis);
  });
  console.log(options.json ? JSON.stringify(said, null, 2) : statusText(said));
}

async function read(redis: Redis): Promise<Said> {
  const [rollout, verdict, leader] = await Promise.all([
    readRollout(redis),
    readVerdict(redis),
    readLeader(redis),
  ]);
  return {
    rollout,
    verdict: verdict?.rollout === rollout?.id ? verdict : null,
    leader: leader?.holder ?? null,
  };
}

async function onRedis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
  const { project, droplets } = await openFleet(await openProject());
  return withRedis(project, droplets, use);
}

/** The rollout in a few lines for people. */
export function statusText({ rollout, verdict, leader }: Said): string {
  if (!rollout) return 'There was no rollout yet.';
  const steps = rollout.plan?.steps ?? [];
  const shares = steps.map((step) => `${step / 100} %`).join(', ');
  const lines = [
    `${rollout.release?.slice(0, 10) ?? 'no release'} is ${rollout.state}: ${rollout.weight / 100} % of the traffic, step ${rollout.step + 1} of ${steps.length} (${shares})`,
    `  since      ${rollout.since}, in this step since ${rollout.stepSince}`,
    `  because    ${rollout.reason}`,
    ...(verdict && rollout.state !== 'promoted' ? [`  verdict    ${verdict.reason}`] : []),
    `  leader     ${leader ?? 'none: nothing moves until a controller leads'}`,
    ...(rollout.allow?.length ? [`  testers    ${rollout.allow.join(', ')}`] : []),
    ...(rollout.build?.number === undefined ? [] : [`  build      #${rollout.build.number}`]),
  ];
  if (verdict) {
    const rows = (['canary', 'prod'] as const).map((pool) => figures(pool, verdict[pool]));
    lines.push('', table(['', 'REQUESTS', 'FAILED', 'P50', 'P95'], rows).replaceAll(/^/gm, '  '));
    lines.push(
      `  evidence that the canary is worse: ${(10 ** verdict.evidence).toPrecision(2)} of ${Math.round(10 ** verdict.enough)}`,
    );
  }
  return lines.join('\n');
}

function figures(name: string, { requests, failures, p50Ms, p95Ms }: Verdict['canary']): string[] {
  const ms = (value: number | null) => (value === null ? '–' : `${value.toPrecision(3)} ms`);
  const failed = requests > 0 ? `${((failures / requests) * 100).toFixed(2)} %` : '–';
  return [name, String(requests), failed, ms(p50Ms), ms(p95Ms)];
}
