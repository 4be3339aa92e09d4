import type { Message, Summary } from '../mailbox.js';

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #353b43); --soft: light-dark(#5c6670, #9aa5b1); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#fbfcfd, #15181c); color: light-dark(#1d2329, #e4e8ec); }
h1 { font-size: 1.3rem; } a { color: light-dark(#0b62c4, #79b8ff); text-decoration: none; } a:hover { text-decoration: underline; }
table { width: 100%; border-collapse: collapse; } td, th { text-align: left; padding: .5rem .6rem; border-bottom: 1px solid var(--line); }
th, .soft { color: var(--soft); font-weight: 400; } time { white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 8px; padding: 1rem; }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
`;

/** All messages, newest first; looks again every few seconds. */
export function listPage(messages: readonly Summary[]): string {
  const rows = messages.map(
    ({ id, received, from, to, subject }) =>
      `<tr><td><a href="/messages/${id}">${escape(subject)}</a></td><td>${escape(from)}</td><td>${escape(to.join(', '))}</td>` +
      `<td><time class="soft" datetime="${received}">${received.replace('T', ' ').slice(0, 19)}</time></td></tr>`,
  );
  const table = `<table><tr><th>Subject</th><th>From</th><th>To</th><th>Received (UTC)</th></tr>${rows.join('')}</table>`;
  const body = messages.length > 0 ? table : '<p class="soft">No mail yet.</p>';
  return page('Mail', `<h1>Mail</h1>${body}`, '<meta http-equiv="refresh" content="5">');
}

/** One message; HTML stays in a sandboxed frame. */
export function messagePage(message: Message): string {
  const { id, received, from, to, subject, text, html } = message;
  const frame = html
    ? `<iframe sandbox src="/messages/${id}/html" title="HTML of the message"></iframe>`
    : '';
  return page(
    subject,
    `<p><a href="/">← Mail</a></p><h1>${escape(subject)}</h1>
<p class="soft">${escape(from)} → ${escape(to.join(', '))} · ${received}</p>${frame}<pre>${escape(text)}</pre>`,
  );
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>${head}<style>${style}</style></head><body>${body}</body></html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
