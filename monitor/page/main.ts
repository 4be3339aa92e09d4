import { Chart, type Curve } from './charts.js';
import { byId, render, h } from './dom.js';
import { showAutoscale, showFleet } from './fleet.js';
import { clock, commit, short } from './format.js';
import { OrderButtons } from './orders.js';
import { showAlerts, showBuilds, showEvents, showFlags } from './panels.js';
import { showRollout } from './rollout.js';
import { State } from './state.js';
import { follow } from './stream.js';
import { followTheme } from './theme.js';

const state = new State();
const orders = new OrderButtons(() => state.view);
const chartIn = (name: string): Element => {
  const card = document.querySelector(`[data-chart=${name}]`);
  if (!card) throw new Error(`the page has no chart ${name}`);
  return card;
};
const charts = {
  split: new Chart(chartIn('split'), { unit: '%', atLeast: 5, atMost: 102 }),
  rate: new Chart(chartIn('rate'), { unit: '/s', atLeast: 5 }),
  errors: new Chart(chartIn('errors'), { unit: '%', atLeast: 1, atMost: 102 }),
  latency: new Chart(chartIn('latency'), { unit: 'ms', atLeast: 10 }),
  cpu: new Chart(chartIn('cpu'), {
    unit: '%',
    atLeast: 10,
    atMost: 105,
    threshold: () => state.view?.thresholds.cpu,
  }),
  memory: new Chart(chartIn('memory'), {
    unit: '%',
    atLeast: 10,
    atMost: 105,
    threshold: () => state.view?.thresholds.memory,
  }),
};
const byPool: Curve[] = [
  { label: 'Production', color: '--prod' },
  { label: 'Canary', color: '--canary' },
];
const poolColors = {
  prod: ['--prod', '--prod-2', '--prod-3', '--prod-4'],
  canary: ['--canary', '--canary-2'],
  proxy: ['--proxy'],
  redis: ['--redis'],
};
let minutes = 15;

function drawCharts(): void {
  const { view } = state;
  const times = state.times(minutes);
  const range: [number, number] = [state.now / 1000 - minutes * 60, state.now / 1000];
  const frame = { times, range, marks: view?.marks ?? [] };
  const columns = (...names: string[]) => names.map((name) => state.column(name, times));
  charts.split.draw({
    ...frame,
    curves: [
      { label: 'set', color: '--canary', stepped: true },
      { label: 'measured', color: '--canary', filled: true, thin: true },
    ],
    values: [state.weights(times), ...columns('share')],
  });
  charts.rate.draw({
    ...frame,
    curves: byPool.map((curve) => ({ ...curve, filled: true })),
    values: columns('prod.rate', 'canary.rate'),
  });
  charts.errors.draw({ ...frame, curves: byPool, values: columns('prod.errors', 'canary.errors') });
  charts.latency.draw({
    ...frame,
    curves: [
      { label: 'Prod p95', color: '--prod' },
      { label: 'Canary p95', color: '--canary' },
      { label: 'p50', color: '--prod', thin: true, dashed: true },
      { label: 'p50', color: '--canary', thin: true, dashed: true },
    ],
    values: columns('prod.p95', 'canary.p95', 'prod.p50', 'canary.p50'),
  });
  const droplets = view?.droplets ?? [];
  const seen = new Map<string, number>();
  const curves = droplets.map(({ name, pool }) => {
    const index = seen.get(pool) ?? 0;
    seen.set(pool, index + 1);
    const colors = poolColors[pool];
    return { label: name, color: colors[index % colors.length] ?? '--muted' };
  });
  for (const load of ['cpu', 'memory'] as const) {
    charts[load].draw({
      ...frame,
      curves,
      values: columns(...droplets.map(({ name }) => `${load}.${name}`)),
    });
  }
}

/** One line on the state of everything, readable from across the room. */
function showState(): void {
  const { view } = state;
  const pill = byId('state');
  const firing = view?.alerts.filter((alert) => alert.state === 'firing') ?? [];
  const silent = view?.droplets.filter((droplet) => droplet.silent) ?? [];
  const rollout = view?.rollout?.active ? view.rollout : null;
  const [kind, text] = !view
    ? ['', '…']
    : firing.length > 0
      ? [
          'bad',
          firing.length === 1
            ? `${firing[0]?.host ?? ''}: ${firing[0]?.rule ?? ''}`
            : `${firing.length} alerts`,
        ]
      : silent.length > 0
        ? ['bad', `${silent.map(({ name }) => name).join(', ')} silent`]
        : rollout
          ? [
              'canary',
              `${commit(rollout.release)} ${rollout.state === 'running' ? 'at' : rollout.state} ${short(rollout.weight / 100)} %`,
            ]
          : ['good', 'All is well'];
  pill.className = `pill ${kind ?? ''}`;
  if (pill.textContent !== text) pill.textContent = text ?? '';
  document.title = firing.length > 0 ? `(${firing.length}) Coalmine` : 'Coalmine';
  const live = byId('live');
  live.className = `live ${state.away ? 'away' : 'on'}`;
  live.title = state.away ? `This is the last that is known: ${state.away}` : 'Live';
  render(live, h('i'), h('span', {}, state.away ? 'last known' : clock(state.now)));
}

function show(sections: ReadonlySet<string> | 'all'): void {
  const { view, now } = state;
  showState();
  drawCharts();
  if (!view) return;
  showRollout(byId('rollout'), view, now);
  showFleet(byId('fleet'), view, state);
  showAutoscale(byId('autoscale'), view);
  showAlerts(byId('alerts'), view, now);
  showFlags(byId('flags'), view, now);
  showBuilds(byId('builds'), view, now);
  if (sections === 'all' || sections.has('events')) showEvents(byId('events'), state.events);
  orders.show();
}

byId('window').addEventListener('change', ({ target }) => {
  minutes = Number((target as HTMLInputElement).value);
  drawCharts();
});
followTheme(() => drawCharts());
show('all');
follow(
  (message) => show(state.take(message)),
  () => {
    state.away = 'no connection';
    showState();
  },
);
