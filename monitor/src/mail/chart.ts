import type { PNG } from 'pngjs';

export interface Curve {
  /** Oldest first; `at` in ms since the epoch. */
  points: readonly { at: number; value: number }[];
  threshold: number;
  /** The top of the axis; values over it are cut. Null: as high as the values need. */
  highest: number | null;
}

/** Twice what is shown, for sharp screens. */
const width = 1120;
const height = 280;
const margin = 6;
const calm = '#2f6fed';
const alarm = '#d6336c';
const gapMs = 5000;

/**
 * Draws a metric over time with its threshold as a PNG; what was over it is red. Figures stand beside it in the mail,
 * so that the image needs no font.
 */
export async function drawChart(curve: Curve): Promise<Buffer> {
  const { PNG } = await import('pngjs'); // most agents never draw one
  const image = new PNG({ width, height, colorType: 2, filterType: 0 });
  fill(image, '#ffffff', 0, 0, width, height);
  drawGrid(image);
  const top = topOf(curve);
  const y = (value: number): number => height - margin - (Math.min(value, top) / top) * (height - 2 * margin);
  drawCurve(image, curve, y);
  const line = Math.round(y(curve.threshold));
  for (let x = 0; x < width; x += 16) fill(image, alarm, x, line - 1, 9, 2);
  return PNG.sync.write(image);
}

/** The axis' top: what was said, or a round number over all values and the threshold. */
export function topOf({ points, threshold, highest }: Curve): number {
  if (highest !== null) return highest;
  const most = Math.max(threshold, ...points.map(({ value }) => value), Number.EPSILON) * 1.1;
  const magnitude = 10 ** Math.floor(Math.log10(most));
  return Math.ceil(most / magnitude) * magnitude;
}

function drawGrid(image: PNG): void {
  for (let part = 0; part <= 4; part += 1) {
    fill(image, '#e9ecef', 0, Math.round(margin + (part / 4) * (height - 2 * margin)), width, 1);
  }
}

/** One thin column a pixel: filled faintly below the curve, and strongly at it. */
function drawCurve(image: PNG, { points, threshold }: Curve, y: (value: number) => number): void {
  const first = points[0]?.at ?? 0;
  const span = Math.max(1, (points.at(-1)?.at ?? 0) - first);
  let index = 0;
  let lastY: number | null = null;
  for (let x = 0; x < width; x += 1) {
    const at = first + (x / (width - 1)) * span;
    while ((points[index + 1]?.at ?? Infinity) <= at) index += 1;
    const left = points[index];
    const right = points[index + 1] ?? left;
    if (!left || !right || right.at - left.at > gapMs) {
      lastY = null; // nothing is known of this time
      continue;
    }
    const along = right.at > left.at ? (at - left.at) / (right.at - left.at) : 0;
    const value = left.value + (right.value - left.value) * along;
    const here = Math.round(y(value));
    const before = lastY ?? here;
    const [faint, strong] = value > threshold ? ['#fbe3ea', alarm] : ['#e3ecfd', calm];
    fill(image, faint, x, here, 1, height - margin - here);
    fill(image, strong, x, Math.min(before, here) - 2, 1, Math.abs(before - here) + 4);
    lastY = here;
  }
}

/** A rectangle in a colour (`#rrggbb`); what is outside of the image is left out. */
function fill(image: PNG, colour: string, left: number, top: number, wide: number, high: number): void {
  const pixel = Buffer.from(`${colour.slice(1)}ff`, 'hex');
  const right = Math.min(left + wide, width);
  for (let y = Math.max(top, 0); y < Math.min(top + high, height); y += 1) {
    image.data.fill(pixel, (y * width + left) * 4, (y * width + right) * 4);
  }
}
