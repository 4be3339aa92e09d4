// How fast the proxy is, beside others, in one run: npm run bench:proxy [-- --json] [-- --only=coalmine,nginx] [-- --seconds=3]
import { spawnSync } from 'node:child_process';
import { startPeers } from './proxy-peers.mjs';

const json = process.argv.includes('--json');
const option = (name, otherwise) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;
const all = ['coalmine', 'coalmine-haproxy', 'http-proxy', 'http-proxy-agent', 'caddy', 'nginx', 'haproxy'];
const names = option('only', [...all, 'haproxy-plain'].join(',')).split(',');
const seconds = Number(option('seconds', 3));
const rounds = Number(option('rounds', 3));
const connections = 64;

/** What the proxy is to reach, as ratios of the same run. */
const promises = [
  ['coalmine', 'http-proxy', 7],
  ['coalmine', 'caddy', 1.3],
  ['coalmine', 'nginx', 0.5],
  ['coalmine-haproxy', 'haproxy', 0.9],
];

for (const program of ['wrk', 'caddy', 'nginx', 'haproxy', 'redis-server']) {
  if (spawnSync(program, ['--version']).error) {
    console.error(`bench:proxy needs ${program}\n→ ./setup --bench`);
    process.exit(1);
  }
}
const say = (text) => json || console.log(text);

const peers = await startPeers(names);
const measured = Object.fromEntries(names.map((name) => [name, []]));
try {
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const figures = await load(peers.ports[name], round === 0 ? 1 : seconds);
      if (round === 0) continue; // the first is to warm up
      measured[name].push(figures);
      say(`${round}/${rounds} ${name.padEnd(18)} ${Math.round(figures.rps)} requests/s`);
    }
  }
} finally {
  await peers.stop();
}

const results = names.map((name) => ({
  name,
  rps: Math.round(median(measured[name].map(({ rps }) => rps))),
  p50Ms: median(measured[name].map(({ p50Ms }) => p50Ms)),
  p99Ms: median(measured[name].map(({ p99Ms }) => p99Ms)),
}));
const by = new Map(results.map((result) => [result.name, result]));
const ratios = promises.flatMap(([ours, other, atLeast]) =>
  by.has(ours) && by.has(other)
    ? [{ ours, other, atLeast, ratio: Number((by.get(ours).rps / by.get(other).rps).toFixed(2)) }]
    : [],
);
if (json) console.log(JSON.stringify({ results, ratios }, null, 2));
else {
  console.log('\nproxy              requests/s   p50 ms   p99 ms');
  for (const { name, rps, p50Ms, p99Ms } of results)
    console.log(
      `${name.padEnd(18)} ${String(rps).padStart(10)} ${p50Ms.toFixed(2).padStart(8)} ${p99Ms.toFixed(2).padStart(8)}`,
    );
  console.log('');
  for (const { ours, other, atLeast, ratio } of ratios)
    console.log(`${ratio >= atLeast ? '✔' : '✗'} ${ours} is ${ratio} × ${other} (promised ${atLeast} ×)`);
}

/** A run of wrk, with a browser's cookie as the proxy hands it out. */
async function load(port, forSeconds) {
  const url = `http://127.0.0.1:${port}/`;
  const first = await fetch(url, { headers: { accept: 'text/html' } });
  await first.text();
  const [cookie = 'none=1'] = (first.headers.get('set-cookie') ?? '').split(';').filter(Boolean);
  const { stdout, stderr } = spawnSync(
    'wrk',
    [
      ...['--threads', '1', '--connections', String(connections), '--duration', `${forSeconds}s`],
      ...['--latency', '--header', `cookie: ${cookie}`, url],
    ],
    { encoding: 'utf8' },
  );
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  if (bad) throw new Error(`${url} answered ${bad} requests with an error`);
  const rps = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (!Number.isFinite(rps)) throw new Error(`wrk said:\n${stdout}${stderr}`);
  return { rps, p50Ms: percentile(stdout, 50), p99Ms: percentile(stdout, 99) };
}

function percentile(text, percent) {
  const [, value, unit] = new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit];
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
