// What autoscaling is worth: npm run bench:autoscale [-- --json] [-- --only=REGEXP]
// The same load curves by three rules: Coalmine's own decision (the code that runs), the Kubernetes HPA's, always max.
import { autoscaleRules } from '../fleet/dist/src/autoscale.js';
import { parseConfig } from '../fleet/dist/src/config.js';
import { decide } from '../monitor/dist/src/autoscale/decide.js';
import { curves, gaussian, randomFrom } from './autoscale-curves.mjs';

const json = process.argv.includes('--json');
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);

const rules = autoscaleRules(parseConfig('name: bench\npools: { prod: { min: 1, max: 8 } }'));
/** From the decision to the droplet in rotation, or out of it, s: DigitalOcean needs 30 to 60 for a new droplet. */
const outSeconds = 60;
const inSeconds = 20;
/** Over this a droplet answers too late: the second counts as missed. What is measured is off by some points. */
const sloPercent = 80;
const noisePoints = 3;

/** As it runs: looks every 5 s at the mean of 15 s, one action at a time. */
class Coalmine {
  name = 'coalmine';
  everySeconds = 5;
  memory = null;

  wanted({ servers, busy, now, shrankAt }) {
    if (this.memory && shrankAt !== null) this.memory.shrankAt = shrankAt;
    const decision = decide(servers, rules, this.memory, now);
    this.memory = decision.memory;
    return busy ? null : decision.wanted;
  }
}

/**
 * autoscaling/v2 with its defaults: every 15 s, tolerance 0.1, pods that are not ready count as 0 % when it grows, at
 * most four more or twice as many in 15 s, the largest recommendation of 300 s when it shrinks, then all at once.
 */
class Hpa {
  name = 'kubernetes hpa';
  everySeconds = 15;
  recommendations = [];

  wanted({ servers, pending, now }) {
    const ready = servers.length;
    const current = ready + pending;
    const sum = servers.reduce((total, { cpu }) => total + cpu, 0);
    let wanted = current;
    if (Math.abs(sum / ready / rules.target - 1) > 0.1) {
      const ratio = sum / ready / rules.target;
      const withPending = sum / (ratio > 1 ? current : ready) / rules.target;
      const flips = ratio > 1 !== withPending > 1 || Math.abs(withPending - 1) <= 0.1;
      if (!flips) wanted = Math.ceil(withPending * (ratio > 1 ? current : ready));
    }
    wanted = Math.min(Math.max(wanted, rules.min), rules.max, Math.max(current + 4, current * 2));
    this.recommendations = [
      ...this.recommendations.filter(({ at }) => now - at < 300_000),
      { at: now, wanted },
    ];
    const largest = Math.max(...this.recommendations.map((one) => one.wanted));
    return wanted < current ? Math.min(current, largest) : wanted;
  }
}

class AlwaysMax {
  name = 'always max';
  everySeconds = 60;
  wanted = () => rules.max;
}

function simulate({ load, seconds }, rule, seed) {
  const [shape, measured] = [load(randomFrom(seed)), randomFrom(seed + 1)];
  const start = Date.parse('2026-11-23T00:00:00Z');
  let servers = Array.from({ length: rule.name === 'always max' ? rules.max : rules.min }, (_, n) => ({
    ...{ name: `prod-${n + 1}`, window: [] },
  }));
  let [serial, missed, dropletSeconds, actions, shrankAt] = [servers.length, 0, 0, 0, null];
  let changes = []; // { at, by }: droplets that come or go then
  for (let t = 0; t < seconds; t += 1) {
    for (const { by } of changes.filter(({ at }) => at === t)) {
      if (by > 0) for (let n = 0; n < by; n += 1) servers.push({ name: `prod-${(serial += 1)}`, window: [] });
      else {
        servers = servers.slice(0, by);
        shrankAt = start + t * 1000;
      }
    }
    changes = changes.filter(({ at }) => at > t);
    const each = shape(t) / servers.length;
    if (each > sloPercent) missed += 1;
    const booting = changes.reduce((sum, { by }) => sum + Math.max(0, by), 0);
    dropletSeconds += servers.length + booting;
    for (const server of servers) {
      server.window = [
        ...server.window.slice(-14),
        Math.min(100, Math.max(0, each + noisePoints * gaussian(measured))),
      ];
    }
    if (t % rule.everySeconds !== 0) continue;
    const meanOf = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;
    const mean = ({ name, window }) => ({ name, cpu: meanOf(window), recent: meanOf(window.slice(-5)) });
    const leaving = changes.reduce((sum, { by }) => sum + Math.min(0, by), 0);
    const state = { servers: servers.map(mean), busy: changes.length > 0, pending: booting + leaving };
    const wanted = rule.wanted({ ...state, now: start + t * 1000, shrankAt });
    const by = (wanted ?? servers.length + booting + leaving) - (servers.length + booting + leaving);
    if (by === 0) continue;
    actions += 1;
    changes.push({ at: t + (by > 0 ? outSeconds : inSeconds), by });
  }
  return {
    rule: rule.name,
    sloMinutesMissed: Math.round(missed / 6) / 10,
    dropletHours: Math.round(dropletSeconds / 360) / 10,
    actions,
  };
}

const results = curves
  .filter(({ name }) => !only || new RegExp(only).test(name))
  .map((curve) => ({
    curve: curve.name,
    minutes: curve.seconds / 60,
    outcomes: [new Coalmine(), new Hpa(), new AlwaysMax()].map((rule) => simulate(curve, rule, 20_261_123)),
  }));
if (json) console.log(JSON.stringify({ rules, outSeconds, inSeconds, sloPercent, results }, null, 2));
else {
  console.log(
    `target ${rules.target} % CPU, 1 to 8 droplets, ${outSeconds} s to make one, missed over ${sloPercent} %\n`,
  );
  console.log('curve  minutes  rule            missed, min  droplet hours  actions');
  for (const { curve, minutes, outcomes } of results)
    for (const { rule, sloMinutesMissed, dropletHours, actions } of outcomes)
      console.log(
        `${curve.padEnd(7)}${String(minutes).padStart(7)}  ${rule.padEnd(16)}${String(sloMinutesMissed).padStart(11)}` +
          `${String(dropletHours).padStart(15)}${String(actions).padStart(9)}`,
      );
}
