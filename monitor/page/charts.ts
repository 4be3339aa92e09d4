import uPlot from 'uplot';
import type { Mark } from '../src/dashboard/marks.js';
import { color, decorate, markColors } from './decoration.js';
import { h, render } from './dom.js';
import { clock, short } from './format.js';

/** A curve: its column's data is given with each drawing. */
export interface Curve {
  label: string;
  /** A name of a CSS variable. */
  color: string;
  dashed?: boolean;
  filled?: boolean;
  stepped?: boolean;
  thin?: boolean;
}

export interface ChartOptions {
  unit: string;
  /** The value axis ends at least here. */
  atLeast: number;
  /** And at most here. */
  atMost?: number;
  /** A line that is not to be crossed. */
  threshold?: () => number | undefined;
}

export interface Drawing {
  times: number[];
  curves: Curve[];
  values: (number | null)[][];
  marks: readonly Mark[];
  range: [number, number];
}

/** One chart in its card: legend with values, curves, the threshold, and the marks on the time axis. */
export class Chart {
  private plot: uPlot | null = null;
  private drawn = '';
  private drawing: Drawing | null = null;
  private readonly legend: HTMLElement;
  private readonly canvas: HTMLElement;
  private readonly tip = h('p', { class: 'tip', 'aria-hidden': 'true' });

  constructor(
    card: Element,
    private readonly options: ChartOptions,
  ) {
    this.legend = within(card, '.legend');
    this.canvas = within(card, '.plot');
    this.canvas.append(this.tip);
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.canvas);
  }

  draw(drawing: Drawing): void {
    const shape = JSON.stringify([drawing.curves, document.documentElement.dataset.drawn]);
    this.drawing = drawing;
    const data: uPlot.AlignedData = [drawing.times, ...drawing.values];
    if (!this.plot || this.drawn !== shape) {
      this.plot?.destroy();
      this.plot = new uPlot(this.plotOptions(drawing.curves), data, this.canvas);
      this.drawn = shape;
    } else this.plot.setData(data, false);
    this.plot.batch((plot: uPlot) => {
      plot.setScale('x', { min: drawing.range[0], max: drawing.range[1] });
    });
    this.tell();
  }

  /** Values at the cursor, else the last ones. */
  private tell(): void {
    const { drawing, plot } = this;
    if (!drawing) return;
    const at = plot?.cursor.idx;
    const said = drawing.curves.map(({ label, color: name }, index) => {
      const column = drawing.values[index] ?? [];
      const value = at === null || at === undefined ? lastOf(column) : column[at];
      return { label, name, text: short(value, this.options.unit) };
    });
    render(
      this.legend,
      ...said.map(({ label, name, text }) =>
        h('span', {}, h('i', { style: `background:var(${name})` }), `${label} `, h('b', {}, text)),
      ),
    );
    this.canvas.setAttribute('aria-label', said.map(({ label, text }) => `${label} ${text}`).join(', '));
    this.tellMarks();
  }

  private tellMarks(): void {
    const { plot, drawing } = this;
    const left = plot?.cursor.left ?? -1;
    const near =
      plot && drawing && left >= 0
        ? drawing.marks.filter(({ at }) => Math.abs(plot.valToPos(at / 1000, 'x') - left) < 6).slice(-3)
        : [];
    const at = plot?.cursor.idx;
    const time = at !== null && at !== undefined ? drawing?.times[at] : undefined;
    this.tip.hidden = time === undefined;
    if (!plot || time === undefined) return;
    render(
      this.tip,
      h('span', {}, clock(time * 1000)),
      ...near.map(({ text, kind }) =>
        h('span', { class: 'mark', style: `--is:var(${markColors[kind]})` }, text),
      ),
    );
    const right = left > plot.width / 2;
    this.tip.style.left = right ? 'auto' : `${left + plot.bbox.left / devicePixelRatio + 12}px`;
    this.tip.style.right = right ? `${plot.width - left - plot.bbox.left / devicePixelRatio + 12}px` : 'auto';
  }

  private size(): { width: number; height: number } {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  private plotOptions(curves: readonly Curve[]): uPlot.Options {
    const { unit, atLeast, atMost } = this.options;
    const muted = color('--muted');
    const grid = { stroke: color('--soft'), width: 1 };
    const font = '11px system-ui, sans-serif';
    return {
      ...this.size(),
      legend: { show: false },
      padding: [10, 6, 0, 0],
      cursor: {
        sync: { key: 'coalmine' },
        drag: { x: false, y: false },
        points: { size: 6 },
        y: false,
      },
      scales: {
        x: { time: true, auto: false },
        y: {
          range: (_plot, _low, high) => {
            const top = Math.max(atLeast, (high ?? 0) * 1.1, (this.options.threshold?.() ?? 0) * 1.15);
            return [0, atMost === undefined ? top : Math.min(atMost, top)];
          },
        },
      },
      axes: [
        {
          ...{
            stroke: muted,
            font,
            grid: { show: false },
            ticks: { show: false },
            size: 24,
            gap: 4,
            space: 64,
          },
          // What would run into the value axis, or over the edge, is left out.
          values: (plot: uPlot, ticks: number[]) =>
            ticks.map((tick) => {
              const x = plot.valToPos(tick, 'x');
              const fits = x > 20 && x < plot.over.clientWidth - 16;
              return fits ? clock(tick * 1000).slice(0, tick % 60 === 0 ? 5 : 8) : '';
            }),
        },
        {
          ...{ stroke: muted, font, grid, ticks: { show: false }, size: 46, gap: 4, space: 34 },
          values: (_plot, ticks) =>
            ticks.map((tick) => short(tick, unit === 'ms' || unit === '%' ? unit : '')),
        },
      ],
      series: [{}, ...curves.map(seriesOf)],
      hooks: {
        draw: [(plot) => decorate(plot, this.drawing?.marks ?? [], this.options.threshold?.())],
        setCursor: [() => this.tell()],
      },
    };
  }
}

function within(card: Element, selector: string): HTMLElement {
  const found = card.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`the chart has no ${selector}`);
  return found;
}

function seriesOf({ label, color: name, dashed, filled, stepped, thin }: Curve): uPlot.Series {
  const stroke = color(name);
  return {
    label,
    stroke,
    width: thin ? 1 : 1.75,
    points: { show: false },
    gaps: longGaps,
    ...(dashed ? { dash: [5, 4] } : {}),
    ...(filled ? { fill: stroke.replace('rgb(', 'rgba(').replace(')', ', 0.14)') } : {}),
    ...(stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
  };
}

const bridgedSeconds = 40;

/** A canary with few requests has seconds without any: only where there was nothing for longer, the curve ends. */
function longGaps(
  plot: uPlot,
  _series: number,
  _first: number,
  _last: number,
  gaps: [number, number][],
): [number, number][] {
  const perSecond = Math.abs(plot.valToPos(60, 'x', true) - plot.valToPos(0, 'x', true)) / 60;
  return gaps.filter(([from, to]) => to - from > bridgedSeconds * perSecond);
}

function lastOf(column: readonly (number | null)[]): number | null {
  for (let index = column.length - 1; index > column.length - 13; index -= 1) {
    const value = column[index];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
