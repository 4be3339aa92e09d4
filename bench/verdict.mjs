// How good the verdicts are: npm run bench:verdict [-- --json] [-- --runs=500] [-- --only=REGEXP]
// Thousands of rollouts, each from a seed, on the same traffic by three rules: Coalmine's, Flagger's and Kayenta's.
import { parseConfig } from '../fleet/dist/src/config.js';
import { planOf } from '../fleet/dist/src/plan.js';
import { latencyBoundsMs } from '../fleet/dist/src/traffic.js';
import { Coalmine, Flagger, Kayenta } from './verdict-rules.mjs';
import { Trace } from './verdict-traces.mjs';

const json = process.argv.includes('--json');
const runsAsked = process.argv.find((argument) => argument.startsWith('--runs='))?.slice('--runs='.length);
const runs = Number(runsAsked ?? 500);
const defaults = planOf(parseConfig('name: bench'));
const staysAt = (share) => ({ ...defaults, steps: [share * 100], intervalMs: 600_000 });

/** Production: 50 requests/s, 0.5 % errors, 40 ms at p50 and log-normal with a sigma of 0.5; what differs is named. */
const usual = { perSecond: 50, errors: 0.005, medianMs: 40, sigma: 0.5, canary: {}, plan: defaults };
const scenarios = [
  { name: 'identical', good: true, runs: 4 * runs, promotedAtLeast: 0.99 },
  { name: 'identical, 5 % errors in both', good: true, errors: 0.05, promotedAtLeast: 0.99 },
  { name: 'identical, both fail from 60 s on', good: true, bothFailAt: 60, promotedAtLeast: 0.99 },
  { name: 'identical, 5 requests/s', good: true, perSecond: 5, runs: runs / 2, promotedAtLeast: 0.99 },
  { name: '+1 point of errors', canary: { errors: 0.015 } },
  { name: '+2 points of errors', canary: { errors: 0.025 }, runs: 2 * runs, stoppedAtLeast: 0.95 },
  {
    ...{ name: '+2 points, 5 requests/s', canary: { errors: 0.025 }, perSecond: 5 },
    ...{ runs: runs / 2, stoppedAtLeast: 0.95 },
  },
  { name: '+10 points of errors', canary: { errors: 0.105 }, stoppedAtLeast: 0.99 },
  {
    name: 'every request 500, at 5 %',
    canary: { errors: 1 },
    plan: staysAt(5),
    stoppedAtLeast: 0.99,
    withinS: 2,
  },
  { name: 'every request 500 after 150 s', canary: { errors: 1, from: 150 }, stoppedAtLeast: 0.99 },
  {
    name: '50 % slower, at 5 %',
    canary: { slower: 1.5 },
    plan: staysAt(5),
    stoppedAtLeast: 0.95,
    withinS: 60,
  },
  { name: '50 % slower', canary: { slower: 1.5 }, stoppedAtLeast: 0.95 },
  { name: '50 % slower, sigma 1', sigma: 1, canary: { slower: 1.5 }, stoppedAtLeast: 0.95 },
  { name: 'one in ten takes 5 times as long', canary: { tail: 5 }, stoppedAtLeast: 0.95 },
];
const rules = { coalmine: Coalmine, flagger: Flagger, kayenta: Kayenta };
const warmUpSeconds = 60;
const giveUpSeconds = 3600;

const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
const results = [];
for (const [index, named] of scenarios.entries()) {
  if (only && !new RegExp(only).test(named.name)) continue;
  const scenario = { runs, ...usual, ...named };
  const outcomes = Object.fromEntries(Object.keys(rules).map((rule) => [rule, []]));
  for (let run = 0; run < scenario.runs; run += 1) {
    const trace = new Trace(scenario, 1_000_003 * (index + 1) + run);
    for (const [rule, Rule] of Object.entries(rules)) outcomes[rule].push(rollOut(scenario, trace, Rule));
  }
  for (const [rule, ended] of Object.entries(outcomes)) results.push(summary(scenario, rule, ended));
  if (!json) print(results.slice(-Object.keys(rules).length), index === 0);
}
const misses = results.filter(({ kept }) => kept === false);
if (json) console.log(JSON.stringify({ results }, null, 2));
for (const { scenario, limit } of misses) console.error(`✗ ${scenario}: ${limit}`);
process.exitCode = misses.length > 0 ? 1 : 0;

/** One rollout from its first second to its end: how it ended, and when. */
function rollOut(scenario, trace, Rule) {
  const before = Array.from({ length: warmUpSeconds }, (_, index) =>
    split(scenario, trace.second(index), index - warmUpSeconds, 0),
  );
  const rule = new Rule(scenario.plan, before);
  for (let at = 0; at < giveUpSeconds; at += 1) {
    const end = rule.judge(split(scenario, trace.second(warmUpSeconds + at), at, rule.weight));
    if (end) return { end, seconds: at + 1 };
  }
  return { end: 'held', seconds: giveUpSeconds };
}

/** The requests of a second as the proxies would have counted them at this weight. */
function split(scenario, requests, at, weight) {
  const { canary } = scenario;
  const changed = at >= (canary.from ?? 0);
  const second = { at: at * 1000, prod: nothing(), canary: nothing() };
  for (let index = 0; index < requests.length; index += 3) {
    const onCanary = requests[index] < weight;
    const pool = onCanary ? second.canary : second.prod;
    const worse = onCanary && changed ? canary : {};
    const errors = at >= (scenario.bothFailAt ?? Infinity) ? 0.2 : (worse.errors ?? scenario.errors);
    // The chance that decides over failure decides with what is left of it over the slow tail.
    const chance = requests[index + 1];
    const tail = worse.tail && (chance * 1000) % 1 < 0.1 ? worse.tail : 1;
    const ms =
      Math.log(scenario.medianMs * (worse.slower ?? 1) * tail) + scenario.sigma * requests[index + 2];
    pool.requests += 1;
    if (chance < errors) pool.failures += 1;
    pool.latency[bucketOfLog(ms)] += 1;
  }
  return second;
}

/** `latencyBucket` of e^x, without the exponential. */
function bucketOfLog(x) {
  const bucket = Math.ceil((x - Math.log(latencyBoundsMs[0])) / Math.log(1.15));
  return Math.min(Math.max(bucket, 0), latencyBoundsMs.length);
}

function nothing() {
  return { requests: 0, failures: 0, latency: new Array(latencyBoundsMs.length + 1).fill(0) };
}

function summary(scenario, rule, ended) {
  const stopped = ended.filter(({ end }) => end === 'rolled back');
  const promoted = ended.filter(({ end }) => end === 'promoted');
  const from = scenario.canary.from ?? 0;
  const times = stopped.map(({ seconds }) => seconds - from).sort((a, b) => a - b);
  const share = (part) => part.length / ended.length;
  const at = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))] ?? null;
  const result = {
    scenario: scenario.name,
    rule,
    runs: ended.length,
    promoted: share(promoted),
    falseRollbacks: scenario.good ? share(stopped) : null,
    missed: scenario.good ? null : share(promoted),
    detectP50S: scenario.good ? null : at(0.5),
    detectP95S: scenario.good ? null : at(0.95),
  };
  if (rule !== 'coalmine') return result;
  const { promotedAtLeast, stoppedAtLeast, withinS } = scenario;
  if (promotedAtLeast)
    return {
      ...result,
      limit: `promoted ≥ ${percent(promotedAtLeast)}`,
      kept: share(promoted) >= promotedAtLeast,
    };
  if (!stoppedAtLeast) return result;
  const limit = `stopped ≥ ${percent(stoppedAtLeast)}${withinS ? `, p95 ≤ ${withinS} s` : ''}`;
  // What is neither promoted nor rolled back is stopped too, but not detected.
  return {
    ...result,
    limit,
    kept: 1 - share(promoted) >= stoppedAtLeast && (!withinS || (at(0.95) ?? Infinity) <= withinS),
  };
}

function print(rows, withHead) {
  const widths = [34, 9, 6, 9, 9, 7, 7, 7];
  const line = (cells) => cells.map((cell, column) => String(cell).padEnd(widths[column] ?? 0)).join(' ');
  if (withHead) {
    console.log(line(['scenario', 'rule', 'runs', 'promoted', 'false', 'missed', 'p50', 'p95', 'promise']));
    console.log(line(['', '', '', '', 'rollback', '', 'detect', 'detect']));
  }
  for (const row of rows) {
    const promise = row.limit ? `${row.kept ? '✔' : '✗'} ${row.limit}` : '';
    const seconds = (value) => (value === null ? '–' : `${value} s`);
    const part = (value) => (value === null ? '–' : percent(value));
    const name = row.rule === 'coalmine' ? row.scenario : '';
    const figures = [part(row.promoted), part(row.falseRollbacks), part(row.missed)];
    console.log(
      line([name, row.rule, row.runs, ...figures, seconds(row.detectP50S), seconds(row.detectP95S), promise]),
    );
  }
}

function percent(value) {
  return `${(value * 100).toFixed(1).replace(/\.0$/, '')} %`;
}
