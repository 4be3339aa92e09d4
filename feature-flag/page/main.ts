import { ask, flagPath, follow, Refusal, type FlagView } from './api.js';
import { Detail, type Tab } from './detail.js';
import { askForKey, confirmed, showKeys } from './dialogs.js';
import { byId, h, tell } from './dom.js';
import { drawList, type Filter } from './list.js';
import { followTheme } from './theme.js';
import { short } from './words.js';

const state = {
  flags: [] as FlagView[],
  selected: null as string | null,
  environment: '',
  filter: 'all' as Filter,
  tab: 'edit' as Tab,
};
let shown: string[] = [];
const search = byId<HTMLInputElement>('search');

const current = (): FlagView | null => state.flags.find(({ flag }) => flag === state.selected) ?? null;

function draw(): void {
  shown = drawList({
    ...state,
    search: search.value,
    onFilter: (filter) => ((state.filter = filter), draw()),
    onToggle: (flag) => void toggle(flag),
  });
  document.body.classList.toggle('chosen', state.selected !== null);
  document.title = `${state.selected ?? 'Flags'} · Coalmine`;
  void detail.draw(current(), state.environment, state.tab);
}

async function load(): Promise<void> {
  const query = state.environment ? `?environment=${state.environment}` : '';
  state.flags = (await ask<{ flags: FlagView[] }>('GET', `/flags${query}`)).flags;
  draw();
}

/** Asks first; then does it for everybody, and says so. What the service refuses is said, too. */
async function order(
  flag: FlagView,
  { path, title, what, verb, done, danger = false, method = 'POST' }: Order,
): Promise<void> {
  const where = state.environment ? ` on ${state.environment}` : '';
  const why = await confirmed(`${title} ${flag.flag}${where}?`, [h('p', {}, what)], verb, danger);
  if (why === null) return;
  try {
    await ask(method, flagPath(flag.flag, state.environment, path), { etag: flag.etag, why });
    tell(`${flag.flag} ${done}${where}.`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tell(error.message);
  }
  await load();
}

interface Order {
  path: string;
  title: string;
  what: string;
  verb: string;
  done: string;
  danger?: boolean;
  method?: string;
}

function toggle(flag: FlagView): Promise<void> {
  const to = flag.value === true ? 'off' : 'on';
  const targeted = Object.keys(Object(flag.targeting) as object).length > 0;
  const what = `From ${short(flag.value)} to ${short(!flag.value)}, in every app at once${targeted ? ', for whom its targeting chooses nothing' : ''}.`;
  return order(flag, {
    path: '/toggle',
    title: `Switch ${to}`,
    what,
    verb: `Switch ${to}`,
    done: `is ${to}`,
  });
}

const detail = new Detail({
  toggle: (flag) => void toggle(flag),
  kill: (flag) =>
    void order(flag, {
      ...{ path: '/kill', title: 'Kill', verb: 'Kill', done: 'is killed', danger: true },
      what: 'Off for everybody at once, whatever its targeting says. The targeting is kept.',
    }),
  revive: (flag) =>
    void order(flag, {
      ...{ path: '/revive', title: 'Revive', verb: 'Revive', done: 'is revived' },
      what: 'As it was before it was killed.',
    }),
  remove: (flag) =>
    void order(flag, {
      ...{ path: '', title: 'Delete', verb: 'Delete', done: 'is deleted', danger: true, method: 'DELETE' },
      what: 'Apps that still ask for it get their own default. The history can bring it back.',
    }),
  show: (tab) => ((state.tab = tab), draw()),
  reload: load,
});

async function make(): Promise<void> {
  const key = await askForKey();
  if (key === null) return;
  const body = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
  try {
    await ask('PUT', flagPath(key, ''), { body });
    await load();
    location.hash = `#/${encodeURIComponent(key)}`;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tell(error.message);
  }
}

function followAddress(): void {
  const wanted = decodeURIComponent(location.hash.replace(/^#\//, '')) || null;
  if (wanted !== state.selected && detail.dirty && !confirm('Leave what is not saved?')) {
    location.hash = `#/${encodeURIComponent(state.selected ?? '')}`;
    return;
  }
  state.selected = wanted;
  draw();
}

function step(by: number): void {
  const from = shown.indexOf(state.selected ?? '');
  const next = shown[Math.min(Math.max(from + by, 0), shown.length - 1)];
  if (next === undefined) return;
  location.hash = `#/${encodeURIComponent(next)}`;
  document.getElementById(`flag-${next}`)?.focus();
}

const keys: readonly (readonly [key: string, what: string, act: () => void])[] = [
  ['/', 'search', () => search.select()],
  ['j', 'the next flag', () => step(1)],
  ['k', 'the one before', () => step(-1)],
  ['t', 'switch it', () => current() && void toggle(current() as FlagView)],
  ['e', 'edit its definition', () => ((state.tab = 'edit'), draw(), setTimeout(() => detail.focus()))],
  ['y', 'try it', () => ((state.tab = 'try'), draw())],
  ['h', 'its history', () => ((state.tab = 'history'), draw())],
  ['n', 'a new flag', () => void make()],
  ['?', 'these keys', () => showKeys(keys.map(([key, what]) => [key, what] as const))],
];

document.addEventListener('keydown', (event) => {
  const target = event.target as HTMLElement;
  const typing =
    target.matches('input:not([type=radio]), textarea, select') || target.closest('dialog') !== null;
  if (event.key === 'Escape' && target === search) {
    search.value = '';
    draw();
    search.blur();
  }
  if (target === search && (event.key === 'ArrowDown' || event.key === 'Enter')) {
    event.preventDefault();
    if (!shown.includes(state.selected ?? '')) state.selected = null;
    step(event.key === 'Enter' && state.selected ? 0 : 1);
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const found = keys.find(([key]) => key === event.key);
  const arrow = target.closest('#list') && { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (found || arrow) event.preventDefault();
  if (arrow) step(arrow);
  else found?.[2]();
});
search.addEventListener('input', draw);
byId('environment').addEventListener('change', (event) => {
  state.environment = (event.target as HTMLInputElement).value;
  void load();
});
byId('new').addEventListener('click', () => void make());
byId('keys').addEventListener('click', () => showKeys(keys.map(([key, what]) => [key, what] as const)));
window.addEventListener('hashchange', followAddress);
window.addEventListener('beforeunload', (event) => detail.dirty && event.preventDefault());

followTheme();
followAddress();
let known = load().catch(() => undefined);
void follow(
  () => void (known = known.then(load).catch(() => undefined)),
  (live) => {
    byId('live').className = live ? 'live on' : 'live away';
    byId('live').lastElementChild?.replaceChildren(live ? 'live' : 'reconnecting');
  },
);
