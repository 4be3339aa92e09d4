import { differences, type Difference } from '../src/differences.js';
import { ask, flagPath, Refusal, type FlagView, type Mistake } from './api.js';
import { confirmed } from './dialogs.js';
import { h, tell } from './dom.js';
import { helpAt, snippets } from './help.js';
import { pretty, short } from './words.js';

/** The definition alone, as it is edited. */
export function definitionOf({ state, variants, defaultVariant, targeting, metadata }: FlagView): object {
  return JSON.parse(JSON.stringify({ state, variants, defaultVariant, targeting, metadata })) as object;
}

/** Old and new, place by place. */
export function diffList(changes: readonly Difference[]): HTMLElement {
  return h(
    'ul',
    { class: 'diff' },
    ...changes.map(({ path, from, to }) =>
      h(
        'li',
        {},
        h('code', { class: 'path' }, path || 'all'),
        from !== null && h('del', {}, short(from, 300)),
        to !== null && h('ins', {}, short(to, 300)),
      ),
    ),
  );
}

/** An editor of one definition: checked by the service as one types, with help for what stands at the cursor. */
export class Editor {
  readonly element: HTMLElement;
  private readonly area = h('textarea', { 'aria-label': 'Definition', spellcheck: 'false', wrap: 'off' });
  private readonly mistakes = h('ul', { class: 'mistakes', role: 'alert' });
  private readonly help = h('p', { class: 'help', 'aria-live': 'polite' });
  private readonly save = h('button', { type: 'button', class: 'primary', disabled: true }, 'Save…');
  private readonly revert = h('button', { type: 'button', disabled: true }, 'Revert');
  private timer = 0;

  constructor(
    private flag: FlagView,
    private readonly environment: string,
    private readonly onSaved: () => Promise<void>,
  ) {
    const choice = h('select', { 'aria-label': 'Begin the targeting with' });
    choice.append(h('option', { value: '' }, 'Begin the targeting with…'));
    for (const name of Object.keys(snippets)) choice.append(h('option', { value: name }, name));
    choice.addEventListener('change', () => this.insert(choice));
    this.element = h(
      'div',
      { class: 'editor' },
      this.area,
      h('aside', {}, h('h3', {}, 'Here'), this.help, choice, this.mistakes),
      h('div', { class: 'buttons' }, this.save, this.revert, h('span', { class: 'muted' }, 'Ctrl S')),
    );
    this.area.addEventListener('input', () => this.changed());
    for (const event of ['keyup', 'click', 'focus']) this.area.addEventListener(event, () => this.showHelp());
    this.area.addEventListener('keydown', (event) => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      if (!this.save.disabled) void this.store();
    });
    this.save.addEventListener('click', () => void this.store());
    this.revert.addEventListener('click', () => this.fill());
    this.fill();
  }

  get dirty(): boolean {
    return this.area.value !== textOf(this.flag);
  }

  /** Takes over what somebody else made of the flag, unless there is something unsaved here. */
  update(flag: FlagView): void {
    if (flag.etag === this.flag.etag) return;
    if (!this.dirty) {
      this.flag = flag;
      this.fill();
    } else
      this.show(
        [{ path: '', message: 'it was changed by someone else meanwhile; to see theirs: Revert' }],
        flag,
      );
  }

  focus(): void {
    this.area.focus();
  }

  private fill(): void {
    this.area.value = textOf(this.flag);
    this.area.setSelectionRange(0, 0);
    this.show([]);
    this.showHelp();
  }

  private showHelp(): void {
    const { name, text } = helpAt(this.area.value, this.area.selectionStart);
    this.help.replaceChildren(...(name ? [h('code', {}, name), ' '] : []), text);
  }

  private insert(choice: HTMLSelectElement): void {
    const definition = this.parse();
    if (definition) {
      this.area.value = pretty({ ...definition, targeting: snippets[choice.value] });
      this.changed();
    }
    choice.value = '';
  }

  private changed(): void {
    this.show([]);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), 250);
  }

  private async check(): Promise<void> {
    const definition = this.parse();
    if (!definition) return;
    const { mistakes } = await ask<{ mistakes: Mistake[] }>('POST', '/check', { body: definition });
    if (JSON.stringify(definition) === JSON.stringify(this.parse())) this.show(mistakes);
  }

  /** What is typed, or null (and said where) when it is no JSON. */
  private parse(): object | null {
    try {
      return JSON.parse(this.area.value) as object;
    } catch (error) {
      this.show([{ path: '', message: (error as Error).message }]);
      return null;
    }
  }

  private show(mistakes: readonly Mistake[], theirs?: FlagView): void {
    if (theirs)
      this.revert.addEventListener('click', () => ((this.flag = theirs), this.fill()), { once: true });
    this.mistakes.replaceChildren(
      ...mistakes.map(({ path, message }) => h('li', {}, path !== '' && h('code', {}, path), ` ${message}`)),
    );
    this.area.setAttribute('aria-invalid', String(mistakes.length > 0));
    this.revert.disabled = !this.dirty;
    this.save.disabled = !this.dirty || (mistakes.length > 0 && !theirs);
  }

  private async store(): Promise<void> {
    const definition = this.parse();
    if (!definition) return;
    const { flag } = this.flag;
    const changes = differences(definitionOf(this.flag), definition);
    const where = this.environment ? ` on ${this.environment}` : '';
    const why = await confirmed(`Change ${flag}${where}?`, [diffList(changes)], 'Save');
    if (why === null) return;
    try {
      const asked = { body: definition, etag: this.flag.etag, why };
      this.flag = await ask<FlagView>('PUT', flagPath(flag, this.environment), asked);
      this.fill();
      tell(`${flag} is saved.`);
      await this.onSaved();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.show(error.mistakes.length > 0 ? error.mistakes : [{ path: '', message: error.message }]);
      if (error.status === 412) await this.onSaved();
    }
  }
}

function textOf(flag: FlagView): string {
  return pretty(definitionOf(flag));
}
