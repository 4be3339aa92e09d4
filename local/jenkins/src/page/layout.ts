import { html, type Html } from './html.js';

/** The frame of every page. */
export function layout(
  title: string,
  crumbs: { text: string; href: string }[],
  body: Html,
  script?: string,
): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Jenkins</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/static/style.css" />
      </head>
      <body>
        <header>
          <nav aria-label="Where you are">
            <a href="/">Jenkins</a
            >${crumbs.map(({ text, href }) => html` <span>/</span> <a href="${href}">${text}</a>`)}
          </nav>
        </header>
        <main>${body}</main>
        ${script ? html`<script type="module" src="/static/${script}"></script>` : ''}
      </body>
    </html>`.text;
}

/** A result as a coloured word; the word says it, the colour helps. */
export function badge(result: string | null, building: boolean): Html {
  const word = building ? 'running' : (result ?? 'none').toLowerCase().replace('_', ' ');
  return html`<span class="badge ${word.replace(' ', '-')}">${word}</span>`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function time(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.replace('T', ' ').slice(0, 19)} UTC</time>`;
}
