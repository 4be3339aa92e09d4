import { hostname } from 'node:os';
import type { Socket } from 'node:net';
import { createLog } from '@coalmine/fleet/log.js';
import { createMetrics } from '@coalmine/fleet/metrics.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { answerJson, logWhenDone, runOrExplain, runService } from '@coalmine/fleet/service.js';
import { readSettings } from '@coalmine/fleet/settings.js';
import { appendTraffic } from '@coalmine/fleet/traffic.js';
import { headersAtMost } from './admission.js';
import { Backends } from './backends.js';
import { BucketCookie } from './bucket.js';
import { Decisions } from './decisions.js';
import { registerFigures } from './figures.js';
import { runHaproxyEngine } from './haproxy/engine.js';
import { Peers } from './peers.js';
import { Proxy } from './proxy.js';
import { RetryBudget } from './retry.js';
import { Seconds } from './seconds.js';
import { proxySettings } from './settings.js';
import { emptyState, loadState } from './state-file.js';
import { followState } from './state.js';
import { isWebSocket, serveAsPlain, Upgrades } from './upgrade.js';

await runOrExplain('proxy-server', async () => {
  if (process.env.PROXY_ENGINE === 'haproxy') {
    await runHaproxyEngine();
    return;
  }
  const settings = readSettings(proxySettings);
  const log = createLog('proxy-server');
  const metrics = createMetrics('proxy-server');
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));

  const backends = new Backends(({ name, health }) =>
    log.warn({ server: name, up: health.isUp }, health.isUp ? 'server is up' : 'server is down'),
  );
  const initial = (await loadState(settings.STATE_FILE)) ?? emptyState;
  backends.update(initial.fleet);
  const onFleet = backends.update.bind(backends);
  const state = followState({ redis, initial, file: settings.STATE_FILE, onFleet, log });

  const budget = new RetryBudget();
  registerFigures(metrics, backends, budget);
  const name = process.env.COALMINE_HOST ?? hostname();
  const seconds = new Seconds((second) => {
    if (state.fresh) appendTraffic(redis, name, second).catch(() => undefined); // Redis' own errors are logged
  });
  seconds.start();
  const peers = new Peers(settings.TRUSTED_PROXIES);
  const decisions = new Decisions({
    cookie: new BucketCookie(settings.COOKIE_SECRET),
    splitting: { sticky: settings.STICKY, keyHeader: settings.KEY_HEADER },
    state: () => state.current,
    defaultWeight: settings.CANARY_WEIGHT,
    canaryUsable: () => backends.isUsable('canary'),
  });
  const proxy = new Proxy({
    ...{ backends, budget, peers, decisions },
    bodyAtMost: settings.BODY_AT_MOST,
    onOutcome: (outcome) => {
      const { backend, waitedMs, failed, status } = outcome;
      backend.tally.count(outcome);
      seconds.count(backend.poolName, waitedMs, failed || status >= 500);
    },
  });
  const upgrades = new Upgrades();
  const { server } = await runService({
    ...{ name: 'proxy-server', log, metrics, ownsHeaders: true, ownsFigures: true },
    handler: (request, response) => {
      if (Math.random() < settings.ACCESS_LOG_SHARE) logWhenDone(request, response, log);
      proxy.handle(request, response);
    },
    onUpgrade: (request, socket, head) => {
      if (isWebSocket(request))
        upgrades.take(request, socket, head, proxy.pickFor(request), peers.forwarded(request));
      else serveAsPlain(request, socket as Socket, (plain, response) => proxy.handle(plain, response));
    },
    onOperation: ({ url, headers }, response) => {
      if (url !== '/explain') return false;
      answerJson(response, 200, decisions.explain(headers));
      return true;
    },
    port: settings.PORT,
    host: settings.HOST,
    operationsPort: settings.OPERATIONS_PORT,
    health: () => ({ ok: true, redis: state.fresh, production: backends.isUsable('prod') }),
    onStopping: () => upgrades.close(),
    onStop: () => {
      seconds.stop();
      state.close();
      backends.close();
      redis.disconnect();
    },
  });
  server.maxHeadersCount = headersAtMost + 1;
  server.requestTimeout = 0; // an upload may take hours, while it moves
});
