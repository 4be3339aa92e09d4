type Child = Node | string | number | null | false | undefined;

/** An element with its attributes and children; text is only ever text. */
export function h(
  tag: string,
  attributes: Record<string, string | boolean> = {},
  ...children: Child[]
): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'style') element.style.cssText = String(value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      element.append(String(child) === child ? child : child instanceof Node ? child : String(child));
  return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** Makes `target`'s content that of `children` by changing only what differs: focus, scrolling and selection stay. */
export function render(target: Element, ...children: Child[]): void {
  const wanted = document.createElement(target.tagName);
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      wanted.append(child instanceof Node ? child : String(child));
  morphChildren(target, wanted);
}

function morphChildren(from: Element, to: Element): void {
  const next = [...to.childNodes];
  for (const [index, wanted] of next.entries()) {
    const present = from.childNodes[index];
    if (!present) from.append(wanted);
    else if (present instanceof Element && wanted instanceof Element && present.tagName === wanted.tagName) {
      morphAttributes(present, wanted);
      morphChildren(present, wanted);
    } else if (present.nodeType === Node.TEXT_NODE && wanted.nodeType === Node.TEXT_NODE) {
      if (present.nodeValue !== wanted.nodeValue) present.nodeValue = wanted.nodeValue;
    } else present.replaceWith(wanted);
  }
  while (from.childNodes.length > next.length) from.lastChild?.remove();
}

function morphAttributes(from: Element, to: Element): void {
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) === value) continue;
    if (name === 'style') (from as HTMLElement).style.cssText = (to as HTMLElement).style.cssText;
    else from.setAttribute(name, value);
  }
}
