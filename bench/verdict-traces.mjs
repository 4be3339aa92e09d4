// Traffic that never was: requests to a canary and to production, the same for every rule that is tried on them.

/** Bryc's sfc32: numbers in [0, 1) from a seed, the same on every machine. */
export function random(seed) {
  let [a, b, c, d] = [seed | 0, 0x9e3779b9, 0x243f6a88, 1];
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let round = 0; round < 15; round += 1) next();
  return next;
}

/**
 * A scenario's requests, second by second: which would go to the canary at which weight (`split`), whether they would
 * fail, and how slow they would be here or there. A steady load; log-normal latencies, as web services have them.
 */
export class Trace {
  constructor(scenario, seed) {
    this.scenario = scenario;
    this.draw = random(seed);
    this.seconds = [];
  }

  /** The requests of a second from 0, each [split, chance, normal]. */
  second(index) {
    while (this.seconds.length <= index) this.seconds.push(this.make());
    return this.seconds[index];
  }

  make() {
    const requests = new Float64Array(3 * this.scenario.perSecond);
    for (let at = 0; at < requests.length; at += 3) {
      requests[at] = this.draw();
      requests[at + 1] = this.draw();
      requests[at + 2] = normal(this.draw);
    }
    return requests;
  }
}

function normal(draw) {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}
