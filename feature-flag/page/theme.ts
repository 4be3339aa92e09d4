import { byId } from './dom.js';

const kept = 'coalmine-theme';

/** Light or dark as the system is, or as the button says. */
export function followTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const button = byId('theme');
  const isDark = (): boolean =>
    (localStorage.getItem(kept) ?? (system.matches ? 'dark' : 'light')) === 'dark';
  const apply = (): void => {
    const chosen = localStorage.getItem(kept);
    if (chosen) document.documentElement.dataset.theme = chosen;
    button.textContent = isDark() ? '☀' : '☾';
    button.setAttribute('aria-label', isDark() ? 'Light' : 'Dark');
  };
  button.addEventListener('click', () => {
    localStorage.setItem(kept, isDark() ? 'light' : 'dark');
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}
