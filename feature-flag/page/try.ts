import { ask, Refusal, type FlagView } from './api.js';
import { h } from './dom.js';
import { short, variablesOf, why } from './words.js';

interface Evaluation {
  value?: unknown;
  variant?: string;
  reason: string;
}

/** What a user would get, and why: asked of the same engine that the apps use. */
export function tryPanel(flag: FlagView, environment: string): HTMLElement {
  const result = h('output', { class: 'result' });
  const user = field('User', 'targetingKey', 'such as ann');
  const more = variablesOf(flag.targeting).map((name) => field(name, name, 'in the context'));
  const evaluate = async (): Promise<void> => {
    const context: Record<string, unknown> = environment ? { environment } : {};
    for (const { input, name } of [user, ...more])
      if (input.value !== '') context[name] = name === 'targetingKey' ? input.value : valueOf(input.value);
    try {
      const path = `/ofrep/v1/evaluate/flags/${encodeURIComponent(flag.flag)}`;
      result.replaceChildren(...said(await ask<Evaluation>('POST', path, { body: { context } }), flag));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const disabled = flag.state === 'DISABLED' ? why('DISABLED', flag) : error.message;
      result.replaceChildren(h('strong', {}, 'default'), h('p', {}, disabled));
    }
  };
  const form = h(
    'form',
    { class: 'try' },
    h('div', { class: 'fields' }, ...[user, ...more].map(({ label }) => label)),
    h('div', { class: 'buttons' }, h('button', { class: 'primary' }, 'What would they get?')),
    result,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void evaluate();
  });
  void evaluate();
  return form;
}

function said({ value, variant, reason }: Evaluation, flag: FlagView): HTMLElement[] {
  return [
    h(
      'strong',
      { class: value === true ? 'on' : value === false ? 'off' : '' },
      short(value ?? 'default', 200),
    ),
    h(
      'p',
      {},
      variant !== undefined && h('code', {}, variant),
      variant !== undefined && ' ',
      h('span', { class: 'tag' }, reason),
    ),
    h('p', {}, `Because ${why(reason, flag)}.`),
  ];
}

function field(
  title: string,
  name: string,
  placeholder: string,
): { name: string; label: HTMLElement; input: HTMLInputElement } {
  const input = h('input', { name, placeholder, autocomplete: 'off', spellcheck: 'false' });
  return { name, input, label: h('label', {}, title, input) };
}

/** true, 3 and {"a":1} are what they look like; everything else is text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
