// ANSI's colours and weights (SGR) as CSS. A state is kept from line to line, as a terminal does.
const base = ['#8b949e', '#e5534b', '#57ab5a', '#c69026', '#539bf5', '#b083f0', '#39c5cf', '#adbac7'];
const bright = ['#6e7681', '#ff7b72', '#6bc46d', '#daaa3f', '#6cb6ff', '#dcbdfb', '#56d4dd', '#cdd9e5'];

/** The colour of a number from 0 to 255. */
function indexed(number) {
  if (number < 8) return base[number];
  if (number < 16) return bright[number - 8];
  if (number > 231) return `rgb(${Array(3).fill((number - 232) * 10 + 8)})`;
  const level = (part) => (part === 0 ? 0 : part * 40 + 55);
  const cube = number - 16;
  return `rgb(${level(Math.floor(cube / 36))}, ${level(Math.floor(cube / 6) % 6)}, ${level(cube % 6)})`;
}

/** The state after a sequence of codes. */
export function after(state, codes) {
  let style = { ...state };
  const rest = codes.map(Number);
  while (rest.length > 0) {
    const code = rest.shift();
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 22) delete style.bold;
    else if (code === 23) delete style.italic;
    else if (code === 24) delete style.underline;
    else if (code === 27) delete style.inverse;
    else if (code === 39) delete style.color;
    else if (code === 49) delete style.back;
    else if (code === 38 || code === 48) {
      const where = code === 38 ? 'color' : 'back';
      const kind = rest.shift();
      if (kind === 5) style[where] = indexed(rest.shift() ?? 0);
      else if (kind === 2) style[where] = `rgb(${rest.splice(0, 3)})`;
    } else if (code >= 30 && code <= 37) style.color = base[code - 30];
    else if (code >= 40 && code <= 47) style.back = base[code - 40];
    else if (code >= 90 && code <= 97) style.color = bright[code - 90];
    else if (code >= 100 && code <= 107) style.back = bright[code - 100];
  }
  return style;
}

/** A piece of text in a state; a plain text node where there is nothing to show. */
export function piece(text, { color, back, bold, italic, underline, inverse }) {
  if (!(color || back || bold || italic || underline || inverse)) return document.createTextNode(text);
  const span = document.createElement('span');
  span.textContent = text;
  const [front, behind] = inverse ? [back ?? 'var(--panel)', color ?? 'var(--text)'] : [color, back];
  if (front) span.style.color = front;
  if (behind) span.style.background = behind;
  if (bold) span.style.fontWeight = '700';
  if (italic) span.style.fontStyle = 'italic';
  if (underline) span.style.textDecoration = 'underline';
  return span;
}
