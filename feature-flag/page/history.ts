import { ask, flagPath, Refusal, type FlagView, type HistoryEntry } from './api.js';
import { confirmed } from './dialogs.js';
import { h, tell } from './dom.js';
import { diffList } from './editor.js';

/** Who changed the flag, when, from what, to what and why; each change can be undone. */
export async function historyPanel(
  flag: FlagView,
  environment: string,
  onUndone: () => Promise<void>,
): Promise<HTMLElement> {
  const { history } = await ask<{ history: HistoryEntry[] }>(
    'GET',
    flagPath(flag.flag, environment, '/history'),
  );
  if (history.length === 0) return h('p', { class: 'none' }, 'Nobody has changed it yet.');
  return h('ol', { class: 'history' }, ...history.map((entry) => item(entry, flag, environment, onUndone)));
}

function item(
  entry: HistoryEntry,
  flag: FlagView,
  environment: string,
  onUndone: () => Promise<void>,
): HTMLElement {
  const undo = async (): Promise<void> => {
    const reversed = entry.changes.map(({ path, from, to }) => ({ path, from: to, to: from }));
    const note = h('p', { class: 'muted' }, `${flag.flag} becomes what it was before this change:`);
    const why = await confirmed('Undo this change?', [note, diffList(reversed)], 'Undo');
    if (why === null) return;
    try {
      const body = { id: entry.id, before: true, ...(why ? { why } : {}) };
      await ask('POST', flagPath(flag.flag, environment, '/restore'), { body });
      tell(`${flag.flag} is what it was before.`);
      await onUndone();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      tell(error.message);
    }
  };
  const when = new Date(entry.at);
  return h(
    'li',
    {},
    h(
      'p',
      { class: 'line' },
      h('b', {}, entry.what),
      h('span', {}, entry.who),
      h('time', { datetime: entry.at, title: entry.at }, when.toLocaleString()),
      h('button', { type: 'button', onclick: () => void undo(), 'aria-label': `Undo ${entry.what}` }, 'Undo'),
    ),
    entry.why !== undefined && h('p', { class: 'why' }, entry.why),
    diffList(entry.changes),
  );
}
