// What watching costs: npm run bench:monitor [-- --json]
// The agent as it is released, beside a service under it; and the leader's part with 1,000 simulated droplets.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { pino } from 'pino';
import { freePort, TestRedis } from '../fleet/dist/src/testbed.js';
import { appendSamples, readLatestSamples, sampleSchema } from '../fleet/dist/src/samples.js';
import { alertRules } from '../fleet/dist/src/alert-rules.js';
import { writeFleet } from '../fleet/dist/src/members.js';
import { noDataDuty, judgeSilence } from '../monitor/dist/src/alerts/no-data.js';
import { Notifier } from '../monitor/dist/src/alerts/notifier.js';
import { OwnAlerts } from '../monitor/dist/src/alerts/own-alerts.js';
import { dueNotices } from '../monitor/dist/src/alerts/due.js';

const root = resolve(import.meta.dirname, '..');
const json = process.argv.includes('--json');
const hosts = 1000;
const results = [];
const folder = mkdtempSync(join(tmpdir(), 'coalmine-bench-monitor-'));
const redis = await TestRedis.start();
const client = redis.client();
const children = [];

try {
  await agentCost(20);
  await leaderSecond();
  await hourOfMemory();
} finally {
  for (const child of children) child.kill('SIGKILL');
  client.disconnect();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}

if (json) process.stdout.write(`${JSON.stringify({ results }, null, 2)}\n`);
else {
  for (const { name, value, unit, limit } of results) {
    const wanted = limit === undefined ? '' : `   (wanted: at most ${limit} ${unit})`;
    process.stdout.write(`${name.padEnd(52)} ${String(value).padStart(8)} ${unit}${wanted}\n`);
  }
}

/** The agent as the bundle that droplets run, measuring a real service with a child, for some seconds. */
async function agentCost(seconds) {
  const bundle = join(folder, 'main.mjs');
  await build({
    entryPoints: [join(root, 'monitor/src/main.ts')],
    ...{
      outfile: bundle,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'silent',
    },
    banner: {
      js: `import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);`,
    },
  });
  const port = await freePort();
  const shared = { ...process.env, REDIS_URL: redis.url, HOST: '127.0.0.1', LOG_LEVEL: 'info' };
  const service = start('node', [join(root, 'app-server/dist/src/main.js')], {
    ...shared,
    PORT: String(port),
  });
  await sleep(1500);
  const agent = start(process.execPath, [bundle], {
    ...shared,
    ...{
      PORT: String(await freePort()),
      COALMINE_HOST: 'prod-1',
      POOL: 'prod',
      SERVICE: `pid:${service.pid}`,
    },
    ...{ SERVICE_METRICS_URL: `http://127.0.0.1:${port}/metrics`, MEMORY_THRESHOLD: '100' },
    ...{ STATE_DIRECTORY: join(folder, 'state'), NODE_OPTIONS: '--max-semi-space-size=1' },
  });
  await sleep(20_000); // what it compiles at first is not what it costs
  const [before, started] = [cpuMs(agent.pid), performance.now()];
  await sleep(seconds * 1000);
  const share = ((cpuMs(agent.pid) - before) / (performance.now() - started)) * 100;
  add('agent: CPU', Math.round(share * 100) / 100, '% of a core', 0.5);
  add('agent: memory', Math.round(rssMb(agent.pid) * 10) / 10, 'MB', 60);
  const samples = (await readLatestSamples(client, ['prod-1'], 100)).get('prod-1') ?? [];
  if (samples.length < seconds || samples.at(-1)?.service === null)
    throw new Error('the agent does not measure');
  agent.kill('SIGTERM');
}

/** One second of the leader with 1,000 droplets: their samples read from Redis, judged by every rule, and told. */
async function leaderSecond() {
  const fleet = new Map(Array.from({ length: hosts }, (_, index) => [nameOf(index), memberOf(index)]));
  await writeFleet(client, Object.fromEntries(fleet));
  const told = [];
  const log = pino({ level: 'silent' });
  const deliver = async (_pool, notices) => void told.push(...notices);
  const notifier = new Notifier({
    redis: client,
    me: 'bench',
    deliver,
    repeatMs: 3_600_000,
    groupMs: 10,
    log,
  });
  const duty = noDataDuty({ redis: client, notifier, me: 'bench', noDataMs: 10_000, log });
  const rules = alertRules({ cpu: 45, memory: 45, sustained: 3000, rules: [] });
  const judges = [...fleet].map(([host, { pool }]) => new OwnAlerts({ host, pool, service: 'x' }, rules));
  const times = [];
  for (let second = 0; second < 20; second += 1) {
    const at = Date.now();
    for (let from = 0; from < hosts; from += 200)
      await appendSamples(
        client,
        Array.from({ length: 200 }, (_, index) => sampleOf(from + index, at)),
      );
    const start = performance.now();
    const latest = await readLatestSamples(client, [...fleet.keys()]);
    for (const [index, host] of [...fleet.keys()].entries()) judges[index].consider(latest.get(host).at(-1));
    await duty.turn();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  add(`leader: a second of ${hosts} droplets, median`, round(times[times.length >> 1]), 'ms', 100);
  add(`leader: a second of ${hosts} droplets, slowest of ${times.length}`, round(times.at(-1)), 'ms');
}

/** An hour of the same without Redis, as fast as it goes: what stays in memory afterwards. */
async function hourOfMemory() {
  const rules = alertRules({ cpu: 45, memory: 45, sustained: 3000, rules: [] });
  const fleet = new Map(Array.from({ length: hosts }, (_, index) => [nameOf(index), memberOf(index)]));
  const judges = [...fleet].map(([host, { pool }]) => new OwnAlerts({ host, pool, service: 'x' }, rules));
  const records = new Map();
  const heap = [];
  const texts = Array.from({ length: hosts }, (_, index) => JSON.stringify(sampleOf(index, 0)));
  const started = performance.now();
  for (let second = 0; second < 3600; second += 1) {
    const now = 1_000_000 + second * 1000;
    const lastSeen = new Map();
    for (const [index, host] of [...fleet.keys()].entries()) {
      // Every tenth droplet is silent for a minute of each ten.
      if (index % 10 === 0 && second % 600 < 60) lastSeen.set(host, now - (second % 600) * 1000);
      else lastSeen.set(host, now);
      const sample = second % 60 === 0 ? sampleSchema.parse(JSON.parse(texts[index])) : sampleOf(index, now);
      judges[index].consider({
        ...sample,
        at: now,
        service: { ...sample.service, cpu: (second % 100) + 0.5 },
      });
    }
    const changes = judgeSilence({ fleet, lastSeen, watchingSince: 0, now }, records, 10_000);
    for (const [id, record] of changes) {
      if (record) records.set(id, record);
      else records.delete(id);
    }
    dueNotices({ records, told: new Map(), silences: [] }, 'prod', 3_600_000, now);
    if (second % 600 === 599) {
      globalThis.gc?.();
      heap.push(process.memoryUsage().heapUsed / 1e6);
    }
    if (second % 60 === 0) await sleep(0);
  }
  add(
    `an hour of ${hosts} droplets simulated: one second`,
    round((performance.now() - started) / 3600),
    'ms',
    100,
  );
  add('an hour: heap grows from the first ten minutes by', round(heap.at(-1) - heap[0]), 'MB', 5);
}

function sampleOf(index, at) {
  return {
    ...{ at, host: nameOf(index), pool: memberOf(index).pool },
    service: { cpu: 20 + (index % 40), memory: 30, memoryBytes: 3e8, processes: 1, startedAt: 1 },
    droplet: { cpu: 30, memory: 40, disk: 50, load: 20, receivedPerSecond: 1e4, sentPerSecond: 1e5 },
    runtime: { eventLoopLagMs: 11, heapBytes: 2e7 },
  };
}

function nameOf(index) {
  return `${memberOf(index).pool}-${index}`;
}

function memberOf(index) {
  return {
    pool: index % 50 === 0 ? 'canary' : 'prod',
    address: '10.0.0.1',
    port: 3000,
    state: 'in',
    release: null,
  };
}

function start(command, parameters, env) {
  const child = spawn(command, parameters, { env, stdio: 'ignore' });
  children.push(child);
  return child;
}

/** User and system time of a process, ms. */
function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) / ticks) * 1000;
}

function rssMb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

function add(name, value, unit, limit) {
  results.push({ name, value, unit, ...(limit === undefined ? {} : { limit }) });
}

function round(value) {
  return Math.round(value * 100) / 100;
}
