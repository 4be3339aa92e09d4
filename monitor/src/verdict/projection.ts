/** One block of two Bernoulli streams: how many were asked, and how many events there were (a failure, a slow answer). */
export interface Sample {
  requests: number;
  events: number;
}

/** Rates stay this far from 0 and 1, so that a logarithm is always finite. */
const edge = 1e-9;

export function insideUnit(rate: number): number {
  return Math.min(1 - edge, Math.max(edge, rate));
}

/**
 * The point (t + shift, t) of the line "the canary's rate is production's plus shift" that is nearest to the bet (a, b),
 * by Kullback-Leibler divergence weighted with the block's requests. With a shift of 0 it is the weighted mean.
 * This is the reverse information projection on which the test of Turner and Grünwald stands ("Exact anytime-valid
 * confidence intervals for contingency tables and beyond", Statistics and Probability Letters 198, 2023).
 */
export function nearestOnLine(
  canaryRequests: number,
  a: number,
  prodRequests: number,
  b: number,
  shift: number,
): { canary: number; prod: number } {
  if (shift === 0) {
    const mean = insideUnit((canaryRequests * a + prodRequests * b) / (canaryRequests + prodRequests));
    return { canary: mean, prod: mean };
  }
  const slope = (t: number): number => {
    const onCanary = t + shift;
    return (
      (canaryRequests * (onCanary - a)) / (onCanary * (1 - onCanary)) +
      (prodRequests * (t - b)) / (t * (1 - t))
    );
  };
  let low = Math.max(edge, Math.min(b, a - shift));
  let high = Math.min(1 - shift - edge, Math.max(b, a - shift));
  for (let round = 0; round < 40 && high - low > 1e-10; round += 1) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) high = middle;
    else low = middle;
  }
  const prod = insideUnit((low + high) / 2);
  return { canary: insideUnit(prod + shift), prod };
}

/**
 * The logarithm of one block's E variable: how much more likely the block is under the bet (a, b) than under the
 * nearest point of the null hypothesis (a0, b0):
 *
 *     ln E = ya·ln(a/a0) + (na−ya)·ln((1−a)/(1−a0)) + yb·ln(b/b0) + (nb−yb)·ln((1−b)/(1−b0))
 *
 * (Turner, Ly and Grünwald 2021, "Generic E-variables for exact sequential k-sample tests that allow for optional
 * stopping".) Its expectation is at most 1 for every pair of rates in a convex null hypothesis, whatever the rates are
 * and however they move from block to block.
 */
export function logFactor(
  canary: Sample,
  prod: Sample,
  bet: { a: number; b: number },
  shift: number,
): number {
  if (canary.requests === 0 || prod.requests === 0) return 0;
  const a = insideUnit(bet.a);
  const b = insideUnit(bet.b);
  const nothing = nearestOnLine(canary.requests, a, prod.requests, b, shift);
  return logLikelihoodRatio(canary, a, nothing.canary) + logLikelihoodRatio(prod, b, nothing.prod);
}

function logLikelihoodRatio({ requests, events }: Sample, rate: number, against: number): number {
  return events * Math.log(rate / against) + (requests - events) * Math.log((1 - rate) / (1 - against));
}
