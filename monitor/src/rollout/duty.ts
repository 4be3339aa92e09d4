import { readAlert } from '@coalmine/fleet/alerts.js';
import { readFleet, type Fleet } from '@coalmine/fleet/members.js';
import type { Plan } from '@coalmine/fleet/plan.js';
import { isActive, readRollout, type Rollout } from '@coalmine/fleet/rollout.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Duty } from '../controller.js';
import { beginJudging, nextStep, noEvidence, observe } from '../verdict/evidence.js';
import type { JenkinsJob } from './jenkins.js';
import type { Leadership } from './lease.js';
import { nextMove, type Move } from './move.js';
import { pursue } from './pursue.js';
import { readRecord, setRecord, type EvidenceRecord } from './record.js';
import { findBlindness, readFeed, withoutCanary } from './traffic-feed.js';
import {
  toPromoted,
  toPromoting,
  toRolledBack,
  toRollingBack,
  writeTransition,
  type Transition,
} from './transition.js';

/** What production is like is learnt from so much traffic before the rollout, ms. */
const learntFromMs = 120_000;
const askJenkinsEveryMs = 500;

export interface RolloutParts {
  redis: Redis;
  /** null: not configured; then nothing is promoted by itself. */
  jenkins: JenkinsJob | null;
  log: Logger;
  /** Told of each transition after it was written. */
  onTransition?: (rollout: Rollout, transition: Transition) => void;
}

/** The leader's main duty: to judge the rollout second by second, and to bring it to its end. */
export class RolloutDuty implements Duty {
  readonly name = 'rollout';
  readonly everyMs = 100;
  private known: { leadership: Leadership; record: EvidenceRecord } | null = null;
  private said = '';
  private askedJenkinsAt = 0;

  constructor(private readonly parts: RolloutParts) {}

  async turn(leadership: Leadership): Promise<void> {
    const { redis } = this.parts;
    const rollout = await readRollout(redis);
    if (!rollout?.plan || !isActive(rollout)) {
      this.known = null;
      return;
    }
    const fleet = await readFleet(redis);
    const ending = rollout.state === 'promoting' || rollout.state === 'rolling-back';
    if (ending && rollout.build?.number !== undefined) {
      await this.bringToEnd(leadership, rollout);
    } else if (rollout.state === 'rolling-back' && !isOnCanary(fleet, rollout)) {
      await this.go(leadership, rollout, toRolledBack(`${rollout.reason}; the canary runs it no more`), null);
    } else if (rollout.state !== 'rolling-back' && isInProduction(fleet, rollout)) {
      await this.go(leadership, rollout, toPromoted(`${rollout.reason}; production runs it`), null);
    } else if (ending) {
      await this.bringToEnd(leadership, rollout);
    } else {
      await this.judge(leadership, rollout, rollout.plan, fleet);
    }
  }

  private async judge(leadership: Leadership, rollout: Rollout, plan: Plan, fleet: Fleet): Promise<void> {
    const { redis } = this.parts;
    const before = await this.recordOf(leadership, rollout);
    const proxies = [...fleet].filter(([, { pool }]) => pool === 'proxy').map(([name]) => name);
    const since = Date.parse(rollout.since);
    const feed = await readFeed(redis, proxies, before.cursors, since - learntFromMs);
    const alert = await readAlert(redis, 'canary');
    let evidence = before.step === rollout.step ? before.evidence : nextStep(before.evidence);
    for (const second of feed.seconds) {
      evidence =
        second.at + 1000 > since
          ? observe(evidence, plan, second)
          : beginJudging(observe(evidence, plan, withoutCanary(second)));
    }
    const { cursors } = feed;
    const record = { rollout: rollout.id, step: rollout.step, cursors, evidence };
    const [seconds, microseconds] = await redis.time();
    const now = Number(seconds) * 1000 + Number(microseconds) / 1000;
    const move = nextMove(rollout, plan, evidence, {
      ...{ alert, now: Date.now() },
      blind: findBlindness(proxies, cursors, now),
    });
    const transition = transitionFor(move, new Date());
    if (transition) {
      const next =
        move.kind === 'step' ? { ...record, step: move.step, evidence: nextStep(evidence) } : record;
      await this.go(leadership, rollout, transition, next);
    } else if (feed.seconds.length > 0 || move.reason !== this.said) {
      await leadership.fenced(
        null,
        [],
        async () => (transaction) => setRecord(transaction, record, leadership.holder, move.reason),
      );
      this.known = { leadership, record };
      this.said = move.reason;
    }
  }

  /** Promoting, or rolling back: the traffic is where it has to be; Jenkins does the rest. */
  private async bringToEnd(leadership: Leadership, rollout: Rollout): Promise<void> {
    const now = Date.now();
    if (now - this.askedJenkinsAt < askJenkinsEveryMs) return;
    this.askedJenkinsAt = now;
    const progress = await pursue(rollout, this.parts.jenkins, now);
    const promoting = rollout.state === 'promoting';
    const reason = `${rollout.reason}; ${progress.reason}`;
    if (progress.kind === 'waiting') return;
    await this.go(leadership, rollout, transition(), null);

    function transition(): Transition {
      if (progress.kind === 'further') {
        const what = promoting ? 'canary promoting' : 'canary rolling back';
        return { what, why: progress.reason, next: { build: progress.build } };
      }
      if (promoting) {
        if (progress.kind === 'done') return toPromoted(reason);
        return { what: 'canary held', next: { state: 'held', reason } };
      }
      return toRolledBack(
        progress.kind === 'done' ? reason : `${reason}; its droplets still run the release`,
      );
    }
  }

  private async recordOf(leadership: Leadership, rollout: Rollout): Promise<EvidenceRecord> {
    const { known } = this;
    if (known?.leadership === leadership && known.record.rollout === rollout.id) return known.record;
    return (
      (await readRecord(this.parts.redis, rollout)) ?? {
        ...{ rollout: rollout.id, step: rollout.step, cursors: {}, evidence: noEvidence() },
      }
    );
  }

  private async go(
    leadership: Leadership,
    rollout: Rollout,
    transition: Transition,
    record: EvidenceRecord | null,
  ): Promise<void> {
    if (!(await writeTransition(leadership, rollout, transition, record))) return;
    this.known = record ? { leadership, record } : null;
    this.said = '';
    this.askedJenkinsAt = 0;
    this.parts.log.info({ rollout: rollout.release, ...transition }, transition.what);
    this.parts.onTransition?.({ ...rollout, ...transition.next }, transition);
  }
}

function transitionFor(move: Move, now: Date): Transition | null {
  const stepSince = now.toISOString();
  switch (move.kind) {
    case 'stay':
      return null;
    case 'step': {
      const { step, weight, reason } = move;
      return { what: 'canary step', next: { step, weight, stepSince, reason } };
    }
    case 'promote':
      return toPromoting(move.reason, now);
    case 'hold':
      return { what: 'canary held', next: { state: 'held', reason: move.reason } };
    case 'roll back':
      return toRollingBack(move.reason, now);
  }
}

function isInProduction(fleet: Fleet, { release }: Rollout): boolean {
  const production = [...fleet.values()].filter(({ pool, state }) => pool === 'prod' && state !== 'out');
  return production.length > 0 && production.every((member) => member.release === release);
}

function isOnCanary(fleet: Fleet, { release }: Rollout): boolean {
  return [...fleet.values()].some((member) => member.pool === 'canary' && member.release === release);
}
