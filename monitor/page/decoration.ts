import type uPlot from 'uplot';
import type { Mark } from '../src/dashboard/marks.js';

export const markColors: Record<Mark['kind'], string> = {
  build: '--muted',
  deploy: '--deploy',
  canary: '--canary',
  alert: '--bad',
  flag: '--flag',
};

/** Resolves a CSS variable to a color that a canvas takes. */
export function color(variable: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** The threshold, and a hairline for each mark with its head on the upper edge. */
export function decorate(plot: uPlot, marks: readonly Mark[], threshold: number | undefined): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = scale;
  if (threshold !== undefined) {
    const y = Math.round(plot.valToPos(threshold, 'y', true));
    ctx.strokeStyle = color('--bad');
    ctx.setLineDash([5 * scale, 4 * scale]);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
    ctx.fillStyle = color('--bad');
    ctx.font = `${11 * scale}px system-ui, sans-serif`;
    ctx.textAlign = 'right';
    ctx.fillText(`alert over ${threshold} %`, bbox.left + bbox.width, y - 5 * scale);
  }
  for (const { at, kind, bad } of marks) {
    const x = Math.round(plot.valToPos(at / 1000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = color(bad ? '--bad' : markColors[kind]);
    ctx.globalAlpha = 0.45;
    ctx.setLineDash([2 * scale, 3 * scale]);
    line(ctx, x, bbox.top, x, bbox.top + bbox.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x - 4 * scale, bbox.top - 8 * scale);
    ctx.lineTo(x + 4 * scale, bbox.top - 8 * scale);
    ctx.lineTo(x, bbox.top - scale);
    ctx.fill();
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
