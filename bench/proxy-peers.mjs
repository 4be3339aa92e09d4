// The proxies that bench:proxy compares, each with one worker, all in front of the same backend.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFleet } from '../fleet/dist/src/members.js';
import { beginRollout, writeRollout } from '../fleet/dist/src/rollout.js';
import { freePort, TestRedis } from '../fleet/dist/src/testbed.js';

const proxyMain = join(import.meta.dirname, '../proxy-server/dist/src/main.js');
const httpProxyMain = join(import.meta.dirname, 'http-proxy.mjs');

/** Starts the backend and all proxies; `stop` ends every process of theirs. */
export async function startPeers(names) {
  const folder = mkdtempSync(join(tmpdir(), 'coalmine-bench-proxy-'));
  const children = [];
  const run = async (port, program, parameters, environment = {}) => {
    const child = spawn(program, parameters, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    children.push(child);
    for (let tries = 0; tries < 200; tries += 1) {
      if (await listens(port)) return port;
      if (child.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`${program} does not listen on ${port}`);
  };
  const file = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const nginx = (port, name, server, upstream = '') =>
    run(port, 'nginx', [
      '-c',
      file(
        name,
        `worker_processes 1; daemon off; pid ${folder}/${name}.pid; error_log /dev/null;
         events { worker_connections 4096; }
         http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${folder}; proxy_temp_path ${folder};
           fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
           ${upstream} server { listen 127.0.0.1:${port} backlog=4096; ${server} } }`,
      ),
    ]);

  const haproxy = (port, name, frontend, behind) =>
    run(port, 'haproxy', [
      '-f',
      file(
        name,
        `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port}
  ${frontend}
  default_backend out
backend out
  http-reuse always
  ${behind}
`,
      ),
    ]);

  const backend = await freePort();
  await nginx(backend, 'backend.conf', 'default_type text/plain; return 200 "Hello from the backend\\n";');
  const redis = await TestRedis.start();
  const writer = redis.client();
  const member = (pool) => ({ pool, address: '127.0.0.1', port: backend, state: 'in', release: null });
  await writeFleet(writer, { 'prod-1': member('prod'), 'canary-1': member('canary') });
  await writeRollout(writer, beginRollout('bench', 500, 'bench'));
  const coalmine = async (port, engine) =>
    run(port, process.execPath, [proxyMain], {
      ...{ PORT: String(port), HOST: '127.0.0.1', OPERATIONS_PORT: String(await freePort()) },
      ...{
        REDIS_URL: redis.url,
        COOKIE_SECRET: 'a secret for the bench',
        COALMINE_HOST: `bench-${engine}`,
      },
      ...{ STATE_FILE: join(folder, engine, 'state.json'), PROXY_ENGINE: engine },
    });

  const start = {
    coalmine: (port) => coalmine(port, 'node'),
    'coalmine-haproxy': (port) => coalmine(port, 'haproxy'),
    'http-proxy': (port) => run(port, process.execPath, [httpProxyMain, String(port), String(backend)]),
    'http-proxy-agent': (port) =>
      run(port, process.execPath, [httpProxyMain, String(port), String(backend), 'agent']),
    caddy: (port) =>
      run(
        port,
        'caddy',
        [
          ...['run', '--adapter', 'caddyfile', '--config'],
          file(
            'Caddyfile',
            `{\n admin off\n auto_https off\n log {\n  level ERROR\n }\n}\nhttp://127.0.0.1:${port} {\n reverse_proxy 127.0.0.1:${backend}\n}\n`,
          ),
        ],
        { GOMAXPROCS: '1', HOME: folder },
      ),
    nginx: (port) =>
      nginx(
        port,
        'nginx.conf',
        'location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }',
        `upstream backend { server 127.0.0.1:${backend}; keepalive 128; keepalive_requests 1000000000; }`,
      ),
    'haproxy-plain': (port) => haproxy(port, 'plain.cfg', '', `server one 127.0.0.1:${backend}`),
    // What a person writes who wants what we do: users who stay with one pool, retries, checks, the usual headers.
    haproxy: (port) =>
      haproxy(
        port,
        'canary.cfg',
        `http-request set-header x-forwarded-proto http
  http-request set-header x-forwarded-host %[req.hdr(host)]
  http-request set-header x-request-id %[uuid] unless { req.hdr(x-request-id) -m found }`,
        `balance leastconn
  option forwardfor
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response
  cookie bucket insert indirect nocache httponly
  option httpchk GET /healthz
  http-response set-header x-served-by %s
  server prod-1 127.0.0.1:${backend} weight 95 cookie p check
  server canary-1 127.0.0.1:${backend} weight 5 cookie c check`,
      ),
  };
  const ports = {};
  for (const name of names) ports[name] = await start[name](await freePort());
  return {
    ports,
    async stop() {
      for (const child of children) child.kill('SIGTERM');
      await sleep(1500);
      for (const child of children) child.kill('SIGKILL');
      writer.disconnect();
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
