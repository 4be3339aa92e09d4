// Follows the log and the stages of a build while it runs.
import { after, piece } from './ansi.js';

const view = document.querySelector('#console');
/** So much of a long log is shown, in bytes and in lines; the rest is a link away. */
const shownBytes = 400_000;
const shownLines = 8_000;
let start = Math.max(0, Number(view.dataset.size) - shownBytes);
let rest = '';
let state = {};
let skipped = start > 0;

/** A line with its ANSI colours; of what a progress bar writes over, the last. */
function lineOf(text) {
  const line = document.createElement('div');
  const last = text.replace(/\r+$/, '').split('\r').at(-1);
  if (/^(\[[^\]]+Z\] )?\[Pipeline\]/.test(last)) line.className = 'pipeline';
  for (const part of last.split(/(\u001b\[[\d;?]*[A-Za-z])/)) {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) state = after(state, (codes || '0').split(';'));
    else if (!part.startsWith('\u001b') && part !== '') line.append(piece(part, state));
  }
  if (!line.hasChildNodes()) line.append(document.createElement('br'));
  return line;
}

async function read() {
  const answer = await fetch(`${view.dataset.log}?start=${start}`);
  if (!answer.ok) throw new Error(`the log cannot be read: ${answer.status}`);
  start = Number(answer.headers.get('X-Text-Size'));
  const lines = (rest + (await answer.text())).split('\n');
  rest = lines.pop();
  // The first of a part that begins anywhere is no whole line.
  if (skipped && !view.hasChildNodes()) lines.shift();
  const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 40;
  view.append(...lines.slice(-shownLines).map(lineOf));
  while (view.childElementCount > shownLines) {
    view.firstChild.remove();
    skipped = true;
  }
  document.querySelector('#skipped').hidden = !skipped;
  if (atEnd) view.scrollTop = view.scrollHeight;
  return answer.headers.get('X-More-Data') === 'true';
}

async function readStages() {
  const answer = await fetch(view.dataset.stages);
  if (answer.ok) document.querySelector('#stages').innerHTML = await answer.text();
}

const running = view.dataset.building === 'true';
for (;;) {
  const more = await read().catch(() => true);
  if (running) await readStages().catch(() => undefined);
  if (!more) break;
  await new Promise((done) => setTimeout(done, 500));
}
// The result, tests and findings are on the finished build's page.
if (running) location.reload();
