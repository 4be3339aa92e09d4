import type { View } from '../src/dashboard/view.js';
import { h, render } from './dom.js';
import { commit, short } from './format.js';
import type { State } from './state.js';

/** The droplets with their releases and their load. */
export function showFleet(target: Element, { droplets, thresholds }: View, state: State): void {
  const meter = (value: number | null, threshold: number): HTMLElement =>
    h(
      'span',
      { class: `meter${(value ?? 0) > threshold ? ' over' : ''}` },
      h('i', { style: `--at:${Math.min(100, value ?? 0)}%;--limit:${threshold}%` }),
      h('b', {}, short(value === null ? null : Math.round(value), '%')),
    );
  render(
    target,
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['Droplet', 'Release', 'CPU', 'Memory'].map((title) => h('th', { scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        {},
        ...droplets.map(({ name, pool, state: rotation, release, silent, alert, address }) =>
          h(
            'tr',
            { class: alert ? `is-${alert}` : '' },
            h(
              'th',
              { scope: 'row', title: address },
              h('i', { class: `dot ${pool}` }),
              name,
              silent
                ? h('em', { class: 'tag silent' }, 'silent')
                : rotation !== 'in' && h('em', { class: 'tag' }, rotation),
            ),
            h('td', {}, h('code', {}, commit(release))),
            h('td', {}, meter(silent ? null : state.latest(`cpu.${name}`), thresholds.cpu)),
            h('td', {}, meter(silent ? null : state.latest(`memory.${name}`), thresholds.memory)),
          ),
        ),
      ),
    ),
    droplets.length === 0 && h('p', { class: 'none' }, 'No droplet is known yet.'),
  );
}

/** What the autoscaler thinks, in a line. */
export function showAutoscale(target: Element, { autoscale }: View): void {
  if (!autoscale) return render(target, 'Production keeps its size: nothing scales it');
  const { current, wanted, mean, target: aim, reason } = autoscale;
  const size = wanted === current ? `Production: ${current}` : `Production: ${current} → ${wanted}`;
  const load = mean === null ? '' : `, mean CPU ${short(mean, '%')} for ${short(aim, '%')}`;
  target.setAttribute('title', reason);
  render(target, `${size}${load} · ${reason}`);
}
