// What the proxy is like after 2 million requests, under a 1 GB upload, and with 500 servers behind it:
// npm run bench:endurance [-- --json] [-- --requests=2000000]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFleet } from '../fleet/dist/src/members.js';
import { freePort, TestRedis } from '../fleet/dist/src/testbed.js';

const json = process.argv.includes('--json');
const requests = Number(process.argv.find((text) => text.startsWith('--requests='))?.slice(11) ?? 2_000_000);
const say = (text) => json || console.log(text);
const megabyte = 1_000_000;
const main = join(import.meta.dirname, '../proxy-server/dist/src/main.js');

for (const program of ['wrk', 'haproxy']) {
  if (!spawnSync(program, ['--version']).error) continue;
  console.error(`bench:endurance needs ${program}\n→ ./setup --bench`);
  process.exit(1);
}

let uploaded = 0;
const behind = createServer((incoming, response) => {
  incoming.on('data', (data) => (uploaded += data.length)).on('end', () => response.end('ok'));
});
const behindPort = await freePort();
// At every address of 127.0.0.0/8: one for each server that it plays.
await new Promise((resolve) => behind.listen(behindPort, resolve));
const addresses = Array.from(
  { length: 500 },
  (_, index) => `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`,
);
const folder = mkdtempSync(join(tmpdir(), 'coalmine-endurance-'));
const redis = await TestRedis.start();
const writer = redis.client();
const port = await freePort();
const proxy = spawn(process.execPath, [main], {
  env: {
    ...process.env,
    ...{
      PORT: String(port),
      HOST: '127.0.0.1',
      OPERATIONS_PORT: String(await freePort()),
      LOG_LEVEL: 'error',
    },
    ...{
      REDIS_URL: redis.url,
      COOKIE_SECRET: 'a secret for the bench',
      STATE_FILE: join(folder, 'state.json'),
    },
  },
  stdio: 'ignore',
});

const figures = {};
try {
  await servers(5);
  await load(2);
  figures.residentMbAtFirst = memory();
  for (let done = 0; done < requests;) {
    done += (await load(10)).count;
    say(`${done} requests, ${memory()} MB`);
    figures.residentMbAfter = memory();
    figures.requests = done;
  }
  const peak = { mb: 0 };
  const watching = setInterval(() => (peak.mb = Math.max(peak.mb, memory())), 50);
  await upload(1000 * megabyte);
  clearInterval(watching);
  figures.uploadedMb = Math.round(uploaded / megabyte);
  figures.residentMbUnderUpload = peak.mb;
  say(`${figures.uploadedMb} MB uploaded, at most ${peak.mb} MB`);
  const rates = { coalmine: { 5: [], 500: [] }, haproxy: { 5: [], 500: [] } };
  for (let round = 0; round < 3; round += 1) {
    for (const count of [5, 500]) {
      await servers(count);
      const peer = await haproxy(count);
      for (const [name, at] of [
        ['coalmine', port],
        ['haproxy', peer.port],
      ]) {
        await load(1, at);
        rates[name][count].push((await load(4, at)).rps);
      }
      peer.stop();
    }
  }
  const median = (values) => values.toSorted((a, b) => a - b)[1];
  figures.rpsWith5 = median(rates.coalmine[5]);
  figures.rpsWith500 = median(rates.coalmine[500]);
  figures.haproxyRpsWith5 = median(rates.haproxy[5]);
  figures.haproxyRpsWith500 = median(rates.haproxy[500]);
} finally {
  proxy.kill('SIGKILL');
  behind.close();
  behind.closeAllConnections();
  writer.disconnect();
  await redis.stop();
  rmSync(folder, { recursive: true });
}
if (json) console.log(JSON.stringify(figures, null, 2));
else {
  const grown = figures.residentMbAfter - figures.residentMbAtFirst;
  const ratio = figures.rpsWith500 / figures.rpsWith5;
  console.log(`\n${grown < 50 ? '✔' : '✗'} ${grown} MB more after ${figures.requests} requests`);
  console.log(
    `${figures.residentMbUnderUpload - figures.residentMbAfter < 100 ? '✔' : '✗'} at most ${figures.residentMbUnderUpload} MB under an upload of ${figures.uploadedMb} MB`,
  );
  console.log(
    `${ratio > 0.9 ? '✔' : '✗'} with 500 servers ${ratio.toFixed(2)} × the requests with 5 (promised 0.9 ×; HAProxy ${(figures.haproxyRpsWith500 / figures.haproxyRpsWith5).toFixed(2)} ×)`,
  );
}

/** So many servers, each by an address of its own, all of them the one behind. */
async function servers(count) {
  const member = (address) => ({ pool: 'prod', address, port: behindPort, state: 'in', release: null });
  await writeFleet(
    writer,
    Object.fromEntries(
      addresses.map((address, index) => [`prod-${index + 1}`, index < count ? member(address) : null]),
    ),
  );
  await sleep(3000); // checks and slow start
}

/** The peer in front of the same servers: what 500 of them cost on this machine whoever asks them. */
async function haproxy(count) {
  const at = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen all
  bind 127.0.0.1:${at}
  balance leastconn
  http-reuse always
${addresses
  .slice(0, count)
  .map((address, index) => `  server prod-${index + 1} ${address}:${behindPort}\n`)
  .join('')}`,
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  await sleep(1000);
  return { port: at, stop: () => child.kill('SIGKILL') };
}

async function load(seconds, at = port) {
  const child = spawn('wrk', ['-t1', '-c64', `-d${seconds}s`, `http://127.0.0.1:${at}/`]);
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  await new Promise((resolve) => child.once('exit', resolve));
  if (/Non-2xx/.test(text)) throw new Error(text);
  return {
    count: Number(/(\d+) requests in/.exec(text)?.[1]),
    rps: Math.round(Number(/sec: +([\d.]+)/.exec(text)?.[1])),
  };
}

async function upload(bytes) {
  const piece = Buffer.alloc(megabyte);
  await new Promise((resolve, reject) => {
    const sending = request({ port, method: 'POST', headers: { 'content-length': bytes } }, (answer) =>
      answer.resume().once('end', resolve),
    );
    sending.once('error', reject);
    const write = (left) => {
      if (left === 0) sending.end();
      else if (sending.write(piece)) setImmediate(write, left - megabyte);
      else sending.once('drain', () => write(left - megabyte));
    };
    write(bytes);
  });
}

function memory() {
  return Math.round(
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${proxy.pid}/status`, 'utf8'))?.[1]) / 1000,
  );
}
