// Load curves: % of one droplet's CPU that production would use, were there enough droplets. From a seed, so that every
// rule meets the same curve.

/** mulberry32: a small generator with a seed. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed, by Box and Muller. */
export function gaussian(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const hour = 3600;

export const curves = [
  { name: 'step', seconds: hour, load: () => (t) => (t >= 600 && t < 2400 ? 220 : 30) },
  { name: 'sine', seconds: 3 * hour, load: () => (t) => 140 - 100 * Math.cos((2 * Math.PI * t) / hour) },
  { name: 'spike', seconds: hour, load: () => (t) => (t >= 1200 && t < 1380 ? 300 : 50) },
  { name: 'noise', seconds: 3 * hour, load: noise },
  { name: 'day', seconds: 24 * hour, load: day },
];

/** Around 100 %, correlated over about a minute (an autoregressive process). */
function noise(random) {
  let value = 0;
  let at = -Infinity;
  return (t) => {
    if (t > at) value = 0.92 * value + 12 * gaussian(random);
    at = t;
    return Math.max(5, 100 + value);
  };
}

/** Quiet at night, a plateau by day, a peak in the evening; three bursts of five minutes, and noise. */
function day(random) {
  const wobble = noise(random);
  const bursts = [10.25, 14.6, 20.1].map((at) => at * hour);
  return (t) => {
    const h = t / hour;
    const plateau = 150 / (1 + Math.exp(-(h - 8) * 1.5)) / (1 + Math.exp((h - 22) * 2));
    const evening = 110 * Math.exp(-((h - 20) ** 2) / 2);
    const burst = bursts.some((at) => t >= at && t < at + 300) ? 90 : 0;
    return Math.max(10, 25 + plateau + evening + burst + (wobble(t) - 100) * 0.6);
  };
}
