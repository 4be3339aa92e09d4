export type Child = Node | string | false | null | undefined;
type Handler = (event: Event) => void;

/** An element with its attributes, listeners (`onclick` …) and children; text is only ever text. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean | Handler> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== false && child !== null && child !== undefined));
  return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

let hiding = 0;

/** Says for a moment what was done. */
export function tell(text: string): void {
  const told = byId('told');
  told.textContent = text;
  told.classList.add('shown');
  clearTimeout(hiding);
  hiding = window.setTimeout(() => told.classList.remove('shown'), 3500);
}
