import type { AlertBook, AlertRecord, Silence } from '@coalmine/fleet/alert-records.js';
import { alertId, isSilenced } from '@coalmine/fleet/alert-records.js';
import type { AutoscaleRecord } from '@coalmine/fleet/autoscale.js';
import type { LoggedEvent } from '@coalmine/fleet/events.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import type { Fleet, Member } from '@coalmine/fleet/members.js';
import { isActive, type Rollout } from '@coalmine/fleet/rollout.js';
import type { Verdict } from '@coalmine/fleet/verdict.js';
import type { Build } from './builds.js';
import type { FlagView } from './flags.js';
import { marksOf, weightsOf, type Mark } from './marks.js';

/** Everything that is known at one moment. */
export interface Known {
  now: number;
  fleet: Fleet;
  rollout: Rollout | null;
  verdict: Verdict | null;
  leader: string | null;
  alerts: AlertBook;
  autoscale: AutoscaleRecord | null;
  flags: readonly FlagView[];
  builds: readonly Build[];
  /** Oldest first. */
  events: readonly LoggedEvent[];
  /** Host → when its last sample was taken, ms since the epoch. */
  lastSeen: ReadonlyMap<string, number>;
  thresholds: { cpu: number; memory: number };
  /** Whether an operator's token is configured; whether Jenkins is. */
  orders: { token: boolean; jenkins: boolean };
}

export interface AlertView extends AlertRecord {
  id: string;
  silenced: boolean;
}

export interface DropletView extends Omit<Member, 'port'> {
  name: string;
  /** Its agent has said nothing for a while. */
  silent: boolean;
  alert: AlertRecord['severity'] | null;
}

/** What the page shows beside the curves, by section: only sections that change are sent. */
export interface View {
  rollout: (Rollout & { active: boolean; verdict: Verdict | null }) | null;
  leader: string | null;
  droplets: DropletView[];
  alerts: AlertView[];
  /** How many droplets production has and wants, and why; null where nobody decides. */
  autoscale: Pick<AutoscaleRecord, 'current' | 'wanted' | 'mean' | 'target' | 'reason'> | null;
  silences: Silence[];
  flags: readonly FlagView[];
  builds: readonly Build[];
  marks: Mark[];
  /** The canary's share as it was set: ms since the epoch, %. */
  weights: [number, number][];
  thresholds: Known['thresholds'];
  orders: Known['orders'];
}

const silentAfterMs = 6000;
const autoscaleOldMs = 60_000;
const resolvedShownMs = 30 * 60_000;
const poolOrder: Record<Pool, number> = { proxy: 0, prod: 1, canary: 2, redis: 3 };

/** What the page shows of what is known. */
export function viewOf(known: Known): View {
  const { now, rollout, verdict, alerts } = known;
  const ofThis = verdict?.rollout === rollout?.id ? verdict : null;
  return {
    rollout: rollout && { ...rollout, active: isActive(rollout), verdict: ofThis },
    leader: known.leader,
    droplets: dropletsOf(known),
    alerts: alertsOf(alerts, now),
    autoscale: autoscaleOf(known),
    silences: alerts.silences.filter(({ until }) => Date.parse(until) > now),
    ...{ flags: known.flags, builds: known.builds },
    marks: marksOf(known.events, known.builds),
    weights: weightsOf(known.events),
    ...{ thresholds: known.thresholds, orders: known.orders },
  };
}

/** The sections of `next` that differ from `before`; null when none does. */
export function changedSections(before: View | null, next: View): Partial<View> | null {
  const changed = (Object.keys(next) as (keyof View)[]).filter(
    (section) => before === null || JSON.stringify(before[section]) !== JSON.stringify(next[section]),
  );
  return changed.length > 0 ? Object.fromEntries(changed.map((section) => [section, next[section]])) : null;
}

function dropletsOf({ fleet, alerts, lastSeen, now }: Known): DropletView[] {
  const firing = [...alerts.records.values()].filter(({ state }) => state === 'firing');
  return [...fleet]
    .map(([name, { pool, address, state, release }]) => {
      const own = firing.filter(({ host }) => host === name).map(({ severity }) => severity);
      return {
        ...{ name, pool, address, state, release },
        silent: now - (lastSeen.get(name) ?? 0) > silentAfterMs,
        alert: own.includes('critical') ? 'critical' : (own[0] ?? null),
      } as const;
    })
    .sort(
      (a, b) =>
        poolOrder[a.pool] - poolOrder[b.pool] || a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
}

/** Without the autoscaler's memory; a record that is old is that of one who was switched off. */
function autoscaleOf({ autoscale, now }: Known): View['autoscale'] {
  if (!autoscale || now - Date.parse(autoscale.at) > autoscaleOldMs) return null;
  const { current, wanted, mean, target, reason } = autoscale;
  return { current, wanted, mean, target, reason };
}

/** What fires first, then what is about to, then what was over lately; the newest first among equals. */
function alertsOf({ records, silences }: AlertBook, now: number): AlertView[] {
  const rank = { firing: 0, pending: 1, resolved: 2 };
  return [...records.values()]
    .filter(({ resolvedAt }) => resolvedAt === null || now - Date.parse(resolvedAt) < resolvedShownMs)
    .map((record) => ({ ...record, id: alertId(record), silenced: isSilenced(record, silences, now) }))
    .sort((a, b) => rank[a.state] - rank[b.state] || Date.parse(b.since) - Date.parse(a.since));
}
