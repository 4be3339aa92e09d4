import type { FlagView } from './api.js';
import { byId, h } from './dom.js';
import { short, tags } from './words.js';

export const filters = ['all', 'on', 'off', 'stale'] as const;
export type Filter = (typeof filters)[number];

/** Whether a flag is one of those that are looked for. */
export function matches(flag: FlagView, filter: Filter, search: string): boolean {
  const { owner = '', description = '' } = flag.metadata ?? {};
  const text = `${flag.flag} ${String(owner)} ${String(description)}`.toLowerCase();
  if (!text.includes(search.trim().toLowerCase())) return false;
  if (filter === 'stale') return flag.stale;
  if (filter === 'all') return true;
  return flag.value === (filter === 'on');
}

export interface ListParts {
  flags: readonly FlagView[];
  selected: string | null;
  filter: Filter;
  search: string;
  onFilter: (filter: Filter) => void;
  onToggle: (flag: FlagView) => void;
}

/** More rows than anybody reads would only make every key press slow: who wants others, searches. */
const mostRows = 300;

/** Draws the list; what had the focus keeps it. Returns the keys shown, in their order. */
export function drawList({ flags, selected, filter, search, onFilter, onToggle }: ListParts): string[] {
  const list = byId('list');
  const focused = document.activeElement?.closest('#list, #filters') ? document.activeElement.id : '';
  const found = flags.filter((flag) => matches(flag, filter, search));
  const shown = found.slice(0, mostRows);
  byId('filters').replaceChildren(
    ...filters.map((name) =>
      h(
        'button',
        {
          id: `filter-${name}`,
          type: 'button',
          'aria-pressed': String(name === filter),
          onclick: () => onFilter(name),
        },
        name,
        h('b', {}, String(flags.filter((flag) => matches(flag, name, search)).length)),
      ),
    ),
  );
  list.replaceChildren(...shown.map((flag) => row(flag, flag.flag === selected, onToggle)));
  if (found.length === 0)
    list.append(
      h('li', { class: 'none' }, search ? `No flag is like “${search}”.` : 'No flag is like that.'),
    );
  if (found.length > shown.length)
    list.append(h('li', { class: 'none' }, `and ${found.length - shown.length} more: search`));
  if (focused) document.getElementById(focused)?.focus();
  return shown.map(({ flag }) => flag);
}

function row(flag: FlagView, selected: boolean, onToggle: (flag: FlagView) => void): HTMLElement {
  const { description, owner } = flag.metadata ?? {};
  const about = [description, owner].filter((text) => typeof text === 'string').join(' · ');
  return h(
    'li',
    selected ? { class: 'selected' } : {},
    h(
      'a',
      {
        id: `flag-${flag.flag}`,
        href: `#/${encodeURIComponent(flag.flag)}`,
        ...(selected ? { 'aria-current': 'true' } : {}),
      },
      h('b', {}, flag.flag),
      h('span', { class: 'tags' }, ...tags(flag)),
      about !== '' && h('span', { class: 'about' }, about),
    ),
    toggleOf(flag, onToggle),
  );
}

/** A switch for what is boolean; for the rest only what it is. */
function toggleOf(flag: FlagView, onToggle: (flag: FlagView) => void): HTMLElement {
  if (typeof flag.value !== 'boolean') return h('code', { class: 'value' }, short(flag.value, 16));
  return h('button', {
    id: `switch-${flag.flag}`,
    type: 'button',
    role: 'switch',
    class: 'switch',
    'aria-checked': String(flag.value),
    'aria-label': `${flag.flag} is ${flag.value ? 'on' : 'off'}`,
    onclick: () => onToggle(flag),
  });
}
