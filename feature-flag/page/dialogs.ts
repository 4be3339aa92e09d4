import { byId, h, type Child } from './dom.js';

/** A dialog with buttons; what was chosen, or null when it was left. Focus returns to where it was. */
function open(title: string, content: Child[], buttons: HTMLElement[]): Promise<string | null> {
  const dialog = byId<HTMLDialogElement>('dialog');
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'dialog-title' }, title),
    ...content,
    h('div', { class: 'buttons' }, ...buttons),
  );
  dialog.replaceChildren(form);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue || null), { once: true });
  });
}

const cancel = (): HTMLElement =>
  h('button', { type: 'button', onclick: () => byId<HTMLDialogElement>('dialog').close() }, 'Cancel');

/** Asks before something is done to everybody. Returns why (maybe ""), or null when it is not to be done. */
export async function confirmed(
  title: string,
  what: Child[],
  verb: string,
  danger = false,
): Promise<string | null> {
  const why = h('input', {
    name: 'why',
    maxlength: '300',
    autocomplete: 'off',
    placeholder: 'goes into the history',
  });
  const yes = h('button', { value: 'yes', class: danger ? 'danger' : 'primary' }, verb);
  const chosen = await open(title, [...what, h('label', {}, 'Why', why)], [cancel(), yes]);
  return chosen === 'yes' ? why.value.trim() : null;
}

/** The key of a flag that is to be made; null for none. */
export async function askForKey(): Promise<string | null> {
  const key = h('input', {
    name: 'key',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    pattern: '[A-Za-z0-9][A-Za-z0-9._:\\-]{0,127}',
    title: 'Letters, digits and . _ : - and a letter or digit first',
  });
  const note = h('p', { class: 'muted' }, 'It begins boolean, and off for everybody.');
  const chosen = await open(
    'New flag',
    [note, h('label', {}, 'Key', key)],
    [cancel(), h('button', { value: 'yes', class: 'primary' }, 'Make it')],
  );
  return chosen === 'yes' ? key.value : null;
}

let asking: Promise<string> | undefined;

/** The token of a stranger; asked for once, however many requests wait for it. */
export function askForToken(): Promise<string> {
  asking ??= (async () => {
    for (;;) {
      const token = h('input', { name: 'token', type: 'password', required: true, autocomplete: 'off' });
      const note = h(
        'p',
        { class: 'muted' },
        'This address may not look at the flags without a token. It is kept in this tab only.',
      );
      const ok = h('button', { value: 'yes', class: 'primary' }, 'Open');
      const chosen = await open('Who are you?', [note, h('label', {}, 'Token', token)], [ok]);
      if (chosen === 'yes') return token.value;
    }
  })().finally(() => (asking = undefined));
  return asking;
}

/** What the keys do. */
export function showKeys(keys: readonly (readonly [string, string])[]): void {
  const rows = keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]);
  void open('Keys', [h('dl', { class: 'keys' }, ...rows)], [h('button', { value: 'yes' }, 'Close')]);
}
