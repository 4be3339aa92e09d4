import { byId } from './dom.js';

const kept = 'coalmine-theme';

/** Light or dark as the system is, or as the button says; canvases have to be drawn anew with the other colors. */
export function followTheme(onChange: () => void): void {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const button = byId('theme');
  const apply = (): void => {
    const chosen = localStorage.getItem(kept);
    if (chosen) root.dataset.theme = chosen;
    const dark = (chosen ?? (system.matches ? 'dark' : 'light')) === 'dark';
    root.dataset.drawn = dark ? 'dark' : 'light';
    button.textContent = dark ? '☀' : '☾';
    button.setAttribute('aria-label', dark ? 'Light' : 'Dark');
    onChange();
  };
  button.addEventListener('click', () => {
    localStorage.setItem(kept, root.dataset.drawn === 'dark' ? 'light' : 'dark');
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}
