import type { View } from '../src/dashboard/view.js';
import { h, render } from './dom.js';
import { commit, lasting, short, shortened } from './format.js';

type Rollout = NonNullable<View['rollout']>;
type Figures = NonNullable<Rollout['verdict']>['canary'];

const stateWord: Record<Rollout['state'], string> = {
  idle: 'idle',
  running: 'running',
  paused: 'paused',
  held: 'held: waits for a person',
  promoting: 'promoting',
  promoted: 'promoted',
  'rolling-back': 'rolling back',
  'rolled-back': 'rolled back',
};

/** The rollout: how far, in which state and why, and the figures that decide. */
export function showRollout(target: Element, { rollout, leader }: View, now: number): void {
  if (!rollout) {
    return render(
      target,
      h(
        'p',
        { class: 'none' },
        'There was no rollout yet. Commit on the canary’s branch, and it begins here.',
      ),
    );
  }
  const { verdict, plan, state, weight } = rollout;
  render(
    target,
    h(
      'p',
      { class: 'headline' },
      h('strong', { class: 'weight' }, short(weight / 100), h('small', {}, ' %')),
      h(
        'span',
        {},
        'of the traffic to ',
        h('code', {}, commit(rollout.release)),
        h('br'),
        h('span', { class: `tag state ${state}` }, stateWord[state]),
        h('span', { class: 'when' }, ` for ${lasting(now - Date.parse(rollout.stepSince))}`),
      ),
    ),
    h(
      'p',
      { class: 'reason' },
      shortened(verdict && rollout.active && state === 'running' ? verdict.reason : rollout.reason),
    ),
    steps(rollout, now),
    h(
      'table',
      { class: 'figures' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['', 'Requests', 'Errors', 'p50', 'p95'].map((title) => h('th', { scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        {},
        figures('canary', 'Canary', verdict?.canary),
        figures('prod', 'Production', verdict?.prod),
      ),
    ),
    evidence(verdict),
    h(
      'p',
      { class: 'when' },
      `Led by ${leader ?? 'nobody: without a leader nothing moves'}${plan?.promote === 'by-hand' ? '; promoted by hand' : ''}`,
    ),
  );
}

/** The plan's steps up to production; those done are full, the one under way as far as its time is. */
function steps({ plan, step, state, stepSince, active, verdict }: Rollout, now: number): HTMLElement {
  const shares = plan?.steps ?? [];
  const intervalMs = plan?.intervalMs ?? 0;
  const fillOf = (index: number): number => {
    if (state === 'promoted') return 100;
    if (!active || state === 'rolling-back') return 0;
    if (index < step || state === 'promoting') return index < shares.length ? 100 : 50;
    if (index > step) return 0;
    const watched = (verdict?.step.seconds ?? 0) * 1000 || now - Date.parse(stepSince);
    return intervalMs > 0 ? Math.min(100, (100 * watched) / intervalMs) : 100;
  };
  return h(
    'ol',
    { class: `steps ${state}`, 'aria-label': 'Steps of the rollout' },
    ...[...shares.map((share) => `${share / 100} %`), 'all'].map((label, index) =>
      h(
        'li',
        active && index === step ? { 'aria-current': 'step' } : {},
        h('i', { style: `--done:${fillOf(index).toFixed(1)}%` }),
        h('span', {}, label),
      ),
    ),
  );
}

function figures(kind: string, name: string, of: Figures | undefined): HTMLElement {
  const share = of && of.requests > 0 ? `${short((100 * of.failures) / of.requests)} %` : '–';
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('i', { class: `dot ${kind}` }), name),
    ...[short(of?.requests), share, short(of?.p50Ms, 'ms'), short(of?.p95Ms, 'ms')].map((text) =>
      h('td', {}, text),
    ),
  );
}

/** The E value of "the canary is worse" on a logarithmic scale, up to where it has to go. */
function evidence(verdict: Rollout['verdict']): HTMLElement {
  const enough = verdict?.enough ?? 3;
  const at = verdict ? Math.max(0, Math.min(1, verdict.evidence / enough)) : 0;
  const said = verdict ? short(10 ** verdict.evidence) : '–';
  return h(
    'div',
    { class: `evidence${at >= 1 ? ' enough' : ''}` },
    h(
      'p',
      {},
      'Evidence that the canary is worse',
      h('span', { class: 'spacer' }),
      h('b', {}, said),
      h('span', { class: 'when' }, ` of ${short(10 ** enough)}`),
    ),
    h(
      'div',
      {
        class: 'gauge',
        role: 'meter',
        'aria-label': 'Evidence against the canary',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
        'aria-valuenow': String(Math.round(100 * at)),
      },
      h('i', { style: `--at:${(100 * at).toFixed(1)}%` }),
    ),
  );
}
