// How bench/flags.mjs takes time.

/** Whom flags are evaluated for. */
export const context = { targetingKey: 'user-4711', email: 'ann@example.com', version: '2.3.1' };

/** The median time of one evaluation, µs, over batches that are long enough to be timed. */
export function evaluationUs(provider, key) {
  const batch = 500;
  const times = [];
  for (let round = 0; round < 400; round += 1) {
    const start = process.hrtime.bigint();
    for (let count = 0; count < batch; count += 1)
      if (provider.resolve('boolean', key, false, context).errorCode)
        throw new Error(`${key} is not evaluated`);
    times.push(Number(process.hrtime.bigint() - start) / 1000 / batch);
  }
  return quantile(times.slice(100), 0.5);
}

export async function perSecond(atOnce, once, forMs = 1500) {
  let done = 0;
  const warm = performance.now() + 300;
  const run = async (until) => {
    while (performance.now() < until) {
      await once();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, () => run(warm)));
  done = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => run(start + forMs)));
  return (done / (performance.now() - start)) * 1000;
}

export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function round(value) {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
