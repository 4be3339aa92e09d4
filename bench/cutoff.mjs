// How long after an alert the canary still gets requests: npm run bench:cutoff [-- --json] [-- --alerts=200]
// From the write in Redis, as Redis confirms it, to the last request that began on the canary, under load.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { writeAlert } from '../fleet/dist/src/alerts.js';
import { writeFleet } from '../fleet/dist/src/members.js';
import { beginRollout, writeRollout } from '../fleet/dist/src/rollout.js';
import { freePort, soon, TestRedis, TestService } from '../fleet/dist/src/testbed.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const json = process.argv.includes('--json');
const option = (name, otherwise) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;
const alerts = Number(option('alerts', 200));
const clients = 16;
const promisedMs = 20;

const folder = mkdtempSync(join(tmpdir(), 'coalmine-bench-cutoff-'));
let lastOnCanary = 0;
const listen = (onRequest) =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      if (request.url !== '/healthz') onRequest();
      response.end('{}');
    });
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
const prod = await listen(() => undefined);
const canary = await listen(() => (lastOnCanary = performance.now()));
const redis = await TestRedis.start();
const writer = redis.client();
const member = (pool, server) => ({
  ...{ pool, address: '127.0.0.1', port: server.address().port, state: 'in', release: null },
});
await writeFleet(writer, { 'prod-1': member('prod', prod), 'canary-1': member('canary', canary) });
await writeRollout(writer, beginRollout('bench', 5000, 'bench'));
const proxy = await TestService.start(join(import.meta.dirname, '../proxy-server/dist/src/main.js'), {
  ...{
    REDIS_URL: redis.url,
    COOKIE_SECRET: 'a secret for the bench',
    STATE_FILE: join(folder, 'state.json'),
  },
  OPERATIONS_PORT: String(await freePort()),
});

await soon(async () => (await fetch(proxy.url)).status === 200);
const client = new Pool(proxy.url, { connections: clients });
const load = { running: true, requests: 0, lost: 0 };
const loops = Array.from({ length: clients }, async () => {
  while (load.running) {
    load.requests += 1;
    try {
      const { statusCode, body } = await client.request({ path: '/', method: 'GET' });
      await body.dump();
      if (statusCode !== 200) load.lost += 1;
    } catch {
      load.lost += 1;
    }
  }
});

const onCanary = async () => {
  const since = performance.now();
  return soon(() => lastOnCanary > since);
};
const cuts = [];
try {
  for (let count = 0; count < alerts; count += 1) {
    if (!(await onCanary())) throw new Error('the canary gets no requests');
    await writeAlert(writer, 'canary', {
      ...{
        host: 'canary-1',
        reason: 'bench',
        metric: 'cpu',
        value: 99,
        threshold: 45,
        since: new Date().toISOString(),
      },
    });
    const written = performance.now();
    await sleep(100); // long after the last request on the canary
    cuts.push(Math.max(0, lastOnCanary - written));
    await writeAlert(writer, 'canary', null);
    if (!json && (count + 1) % 50 === 0) console.log(`${count + 1}/${alerts} alerts`);
  }
} finally {
  load.running = false;
  await Promise.all(loops);
  await client.close();
  await proxy.stop('SIGKILL');
  writer.disconnect();
  await redis.stop();
  for (const server of [prod, canary]) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
}

const sorted = cuts.toSorted((a, b) => a - b);
const at = (share) =>
  Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(2));
const summary = { alerts, p50Ms: at(0.5), p99Ms: at(0.99), requests: load.requests, lost: load.lost };
if (json) console.log(JSON.stringify({ summary, promised: { p99Ms: promisedMs, lost: 0 } }, null, 2));
else {
  console.log(`alert to the canary's last request: p50 ${summary.p50Ms} ms, p99 ${summary.p99Ms} ms`);
  console.log(`${summary.requests} requests meanwhile, ${summary.lost} lost`);
  console.log(
    `${summary.p99Ms <= promisedMs && summary.lost === 0 ? '✔' : '✗'} promised: p99 ≤ ${promisedMs} ms, none lost`,
  );
}
