// Follows the log and the stages of a build while it runs.
const view = document.querySelector('#console');
const colors = ['#8b949e', '#e5534b', '#57ab5a', '#c69026', '#539bf5', '#b083f0', '#39c5cf', '#adbac7'];
let start = 0;
let rest = '';
let color;

/** A line as a fragment: its ANSI colours as spans, everything else as text. */
function lineOf(text) {
  const line = document.createElement('div');
  if (/^(\[[^\]]+Z\] )?\[Pipeline\]/.test(text)) line.className = 'pipeline';
  for (const part of text.split(/(\u001b\[[\d;]*[A-Za-z])/)) {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) {
      for (const code of (codes || '0').split(';').map(Number)) {
        if (code === 0 || code === 39) color = undefined;
        else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) color = colors[code % 10];
      }
    } else if (!part.startsWith('\u001b') && part !== '') {
      const span = document.createElement('span');
      span.textContent = part;
      if (color) span.style.color = color;
      line.append(span);
    }
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
  const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 40;
  view.append(...lines.map(lineOf));
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
