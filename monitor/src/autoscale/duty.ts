import { readAutoscale, type AutoscaleRecord, type AutoscaleRules } from '@coalmine/fleet/autoscale.js';
import { addEvent, type FleetEvent } from '@coalmine/fleet/events.js';
import { keys } from '@coalmine/fleet/keys.js';
import { readFleet } from '@coalmine/fleet/members.js';
import { readLatestSamples } from '@coalmine/fleet/samples.js';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Duty } from '../controller.js';
import type { BuildParameters, JenkinsJob } from '../rollout/jenkins.js';
import type { Leadership } from '../rollout/lease.js';
import { pursueBuild, type Progress } from '../rollout/pursue.js';
import { decide, type Decision } from './decide.js';
import { fewestSeconds, loadsOf } from './load.js';

export interface AutoscaleParts {
  redis: Redis;
  /** null: not configured; then it only says what it would do. */
  jenkins: JenkinsJob | null;
  rules: AutoscaleRules;
  log: Logger;
}

type Action = NonNullable<AutoscaleRecord['action']>;

/**
 * The leader's duty to keep production at the size its load asks for. It has the Jenkins job do it (ACTION=scale), where
 * the cloud's credentials are and every action is on record; never two at once, also across a change of leader.
 */
export class AutoscaleDuty implements Duty {
  readonly name = 'autoscale';
  readonly everyMs: number;

  constructor(private readonly parts: AutoscaleParts) {
    this.everyMs = Math.min(5000, parts.rules.windowMs / 3);
  }

  async turn(leadership: Leadership): Promise<void> {
    const { jenkins, rules } = this.parts;
    const before = await readAutoscale(this.parts.redis);
    const decision = await this.decide(before);
    const action = before?.action ?? null;
    if (action) {
      const progress = await pursueBuild(action, parametersOf(action, rules), jenkins, Date.now());
      await this.follow(leadership, decision, action, progress);
    } else if (decision.wanted !== decision.current && jenkins) {
      await this.begin(leadership, decision);
    } else {
      const idle =
        jenkins || decision.wanted === decision.current
          ? ''
          : '; Jenkins is not configured here (JENKINS_URL)';
      await this.write(leadership, decision, null, decision.reason + idle);
    }
  }

  private async decide(before: AutoscaleRecord | null): Promise<Decision> {
    const { redis, rules } = this.parts;
    const fleet = await readFleet(redis);
    const names = [...fleet]
      .filter(([, { pool, state }]) => pool === 'prod' && state === 'in')
      .map(([name]) => name);
    const latest = await readLatestSamples(
      redis,
      names,
      Math.max(fewestSeconds, Math.ceil(rules.windowMs / 1000)),
    );
    const now = Date.now();
    return decide(loadsOf(names, latest, rules.windowMs, now), rules, before?.memory ?? null, now);
  }

  /** Written down first: a leader that falls before it has asked Jenkins has a successor who does. */
  private async begin(leadership: Leadership, decision: Decision): Promise<void> {
    const { current: from, wanted: to, reason } = decision;
    const what = to > from ? 'autoscale out' : 'autoscale in';
    const action = { from, to, decided: new Date().toISOString() };
    this.parts.log.info({ from, to, reason }, what);
    await this.write(leadership, decision, action, reason, { what, why: reason });
  }

  private async follow(
    leadership: Leadership,
    decision: Decision,
    action: Action,
    progress: Progress,
  ): Promise<void> {
    const { kind, reason } = progress;
    if (kind === 'waiting') return this.write(leadership, decision, action, reason);
    if (kind === 'further') {
      const build = progress.build.number;
      const event = build === undefined ? undefined : { what: 'autoscale build', why: reason };
      return this.write(leadership, decision, { ...action, ...progress.build }, reason, event);
    }
    const now = Date.now();
    const { memory } = decision;
    if (kind === 'done') {
      memory.failures = 0;
      if (action.to < action.from) memory.shrankAt = now;
      return this.write(leadership, decision, null, reason, { what: 'autoscale done', why: reason });
    }
    memory.failures += 1;
    memory.failedAt = now;
    this.parts.log.warn({ action, reason }, 'autoscaling failed');
    return this.write(leadership, decision, null, reason, { what: 'autoscale failed', why: reason });
  }

  private async write(
    leadership: Leadership,
    { current, mean, memory, wanted }: Decision,
    action: Action | null,
    reason: string,
    event?: Pick<FleetEvent, 'what' | 'why'>,
  ): Promise<void> {
    const { holder } = leadership;
    const record: AutoscaleRecord = {
      ...{ at: new Date().toISOString(), leader: holder, current, mean, reason, action, memory },
      ...{ wanted: action?.to ?? wanted, target: this.parts.rules.target },
    };
    await leadership.fenced(null, [], async () => (transaction) => {
      transaction.set(keys.autoscale, JSON.stringify(record));
      const size = action ? `${action.from} → ${action.to}` : `${current}`;
      if (event) addEvent(transaction, { who: `controller on ${holder}`, subject: `prod ${size}`, ...event });
    });
  }
}

/** REPO and COMMIT are empty: the job's own repository, the tip of production's branch. */
export function parametersOf({ to }: { to: number }, { branch }: { branch: string }): BuildParameters {
  return { REPO: '', COMMIT: '', BRANCH: branch, TARGET: 'prod', ACTION: 'scale', COUNT: String(to) };
}
