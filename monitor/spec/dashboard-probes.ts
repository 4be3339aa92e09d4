/** What specs ask the browser: programs for its page, and so text here. */

/** From the load on, keeps what jumps, and how far. */
export const watchJumps = `
  window.jumps = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      if (value < 0.005) continue;
      const what = sources.map(({ node }) => (node?.parentElement ?? node)?.outerHTML?.slice(0, 80));
      window.jumps.push([value, ...what].join(' '));
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** The text that stands out least, and how much: WCAG's contrast ratio. */
export const weakestContrast = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (text) => {
    const [r, g, b] = rgb(text).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if ((rgb(backgroundColor)[3] ?? 1) > 0.5) return backgroundColor;
    }
    return 'rgb(255,255,255)';
  };
  const found = { ratio: 21, text: '' };
  for (const element of document.querySelectorAll('main *, .bar *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim());
    if (!own || element.matches(':disabled, option')) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < found.ratio) Object.assign(found, { ratio, text: element.textContent });
  }
  return found;
})()`;
