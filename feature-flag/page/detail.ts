import type { FlagView } from './api.js';
import { byId, h } from './dom.js';
import { Editor } from './editor.js';
import { historyPanel } from './history.js';
import { tryPanel } from './try.js';
import { short, tags } from './words.js';

export const tabs = { edit: 'Definition', try: 'Try it', history: 'History' } as const;
export type Tab = keyof typeof tabs;

export interface Actions {
  toggle: (flag: FlagView) => void;
  kill: (flag: FlagView) => void;
  revive: (flag: FlagView) => void;
  remove: (flag: FlagView) => void;
  show: (tab: Tab) => void;
  reload: () => Promise<void>;
}

/** One flag: what it is, and behind tabs how it is defined, what a user gets, and what happened to it. */
export class Detail {
  private readonly root = byId('detail');
  private editor: Editor | null = null;
  private drawn = '';

  constructor(private readonly actions: Actions) {}

  get dirty(): boolean {
    return this.editor?.dirty ?? false;
  }

  /** Draws it, but keeps what is being typed. */
  async draw(flag: FlagView | null, environment: string, tab: Tab): Promise<void> {
    if (!flag) {
      this.editor = null;
      this.drawn = '';
      this.root.replaceChildren(h('p', { class: 'none' }, 'Choose a flag, or make a new one.'));
      return;
    }
    const what = `${flag.flag} ${environment} ${tab}`;
    if (what === this.drawn && tab === 'edit' && this.editor) {
      this.editor.update(flag);
      this.root.querySelector('header')?.replaceWith(this.head(flag, environment));
      return;
    }
    const changed = what !== this.drawn;
    this.drawn = what;
    const panel = await this.panel(flag, environment, tab, changed);
    if (this.drawn !== what) return; // another one was chosen meanwhile
    const focused = this.root.contains(document.activeElement) ? document.activeElement?.id : '';
    this.root.replaceChildren(this.head(flag, environment), this.tabList(tab), ...(panel ? [panel] : []));
    if (focused) document.getElementById(focused)?.focus();
  }

  focus(): void {
    if (this.editor) this.editor.focus();
    else this.root.focus();
  }

  private async panel(
    flag: FlagView,
    environment: string,
    tab: Tab,
    changed: boolean,
  ): Promise<HTMLElement | null> {
    if (tab !== 'edit') this.editor = null;
    const present = this.root.querySelector<HTMLElement>('[role=tabpanel]');
    if (tab === 'try' && !changed && present) return present;
    const content =
      tab === 'history'
        ? await historyPanel(flag, environment, this.actions.reload)
        : tab === 'try'
          ? tryPanel(flag, environment)
          : (this.editor = new Editor(flag, environment, this.actions.reload)).element;
    return h('div', { role: 'tabpanel', id: 'panel', 'aria-labelledby': `tab-${tab}` }, content);
  }

  private head(flag: FlagView, environment: string): HTMLElement {
    const { actions } = this;
    const button = (text: string, act: (flag: FlagView) => void, kind = ''): HTMLElement =>
      h('button', { type: 'button', class: kind, onclick: () => act(flag) }, text);
    const boolean = typeof flag.value === 'boolean';
    const own = environment !== '' && flag.environments.some((name) => name === environment);
    const { description, owner, expires } = flag.metadata ?? {};
    const facts = [
      typeof owner === 'string' && `owned by ${owner}`,
      typeof expires === 'string' && `${flag.stale ? 'expired' : 'expires'} ${expires.slice(0, 10)}`,
      environment !== '' &&
        (own ? `has its own definition on ${environment}` : `the same on ${environment} as everywhere`),
    ].filter(Boolean);
    return h(
      'header',
      {},
      h(
        'div',
        { class: 'title' },
        h('a', { href: '#/', class: 'back', 'aria-label': 'To the list' }, '‹'),
        h('h2', {}, flag.flag),
        h('span', { class: `state ${String(flag.value)}` }, stateOf(flag)),
        h('span', { class: 'tags' }, ...tags(flag)),
      ),
      typeof description === 'string' && h('p', {}, description),
      facts.length > 0 && h('p', { class: 'muted' }, facts.join(' · ')),
      h(
        'div',
        { class: 'buttons' },
        boolean && button(flag.value ? 'Switch off…' : 'Switch on…', actions.toggle),
        flag.metadata?.killed === true
          ? button('Revive…', actions.revive)
          : boolean && button('Kill…', actions.kill, 'danger'),
        h('span', { class: 'spacer' }),
        (environment === '' || own) && button(own ? `As everywhere…` : 'Delete…', actions.remove, 'danger'),
      ),
    );
  }

  private tabList(current: Tab): HTMLElement {
    const names = Object.keys(tabs) as Tab[];
    const list = h(
      'div',
      { role: 'tablist', 'aria-label': 'About the flag' },
      ...names.map((name) =>
        h(
          'button',
          {
            type: 'button',
            role: 'tab',
            id: `tab-${name}`,
            'aria-selected': String(name === current),
            'aria-controls': 'panel',
            tabindex: name === current ? '0' : '-1',
            onclick: () => this.actions.show(name),
          },
          tabs[name],
        ),
      ),
    );
    list.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      const next = names[(names.indexOf(current) + step + names.length) % names.length];
      if (step === 0 || !next) return;
      list.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
      this.actions.show(next);
    });
    return list;
  }
}

function stateOf(flag: FlagView): string {
  if (typeof flag.value === 'boolean') return flag.value ? 'on' : 'off';
  return short(flag.value, 30);
}
