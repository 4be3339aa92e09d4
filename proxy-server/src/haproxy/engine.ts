import { hostname } from 'node:os';
import { readAlert } from '@coalmine/fleet/alerts.js';
import { readAllow } from '@coalmine/fleet/allow.js';
import { watch, type Watched } from '@coalmine/fleet/changes.js';
import { createLog } from '@coalmine/fleet/log.js';
import { readFleet } from '@coalmine/fleet/members.js';
import { createMetrics } from '@coalmine/fleet/metrics.js';
import { connectRedis } from '@coalmine/fleet/redis.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import { answerJson, runService } from '@coalmine/fleet/service.js';
import { readSettings } from '@coalmine/fleet/settings.js';
import { appendTraffic } from '@coalmine/fleet/traffic.js';
import type { Redis } from 'ioredis';
import type { PoolName } from '../backends.js';
import { BucketCookie } from '../bucket.js';
import { allowedBy, Decisions } from '../decisions.js';
import { keepProduction } from '../state.js';
import { emptyState, loadState, saveState, type ProxyState } from '../state-file.js';
import { Control, type Wanted } from './control.js';
import { registerMetrics } from './metrics.js';
import { HaproxyProcess } from './process.js';
import { folderOf, haproxySettings } from './settings.js';
import { takeSocket } from './socket.js';
import { allowedKeys, splitEntry } from './split.js';
import { TrafficSeconds } from './traffic-seconds.js';

type State = Omit<ProxyState, 'allow'> & { allow: readonly string[] | null };

const graceMs = 100;
const leaveAfterMs = 1000;

/** The proxy with HAProxy as its data plane: this process controls it from the state in Redis. */
export async function runHaproxyEngine(): Promise<void> {
  const settings = readSettings(haproxySettings);
  const log = createLog('proxy-server');
  const metrics = createMetrics('proxy-server');
  const descriptor = takeSocket();
  const redis = connectRedis(settings.REDIS_URL);
  redis.on('error', (error: Error) => log.warn({ err: error }, 'Redis'));

  const wanted = (state: State): Wanted => {
    const allow = state.allow && allowedKeys(allowedBy({ ...state, allow: state.allow }));
    const split = {
      weight: state.rollout?.weight ?? settings.CANARY_WEIGHT,
      salt: state.rollout?.id ?? '',
      alert: state.alert,
    };
    return { fleet: state.fleet, split: splitEntry(split, allow?.length !== 0), allow };
  };
  const layout = {
    folder: folderOf(settings),
    bind: descriptor === null ? `${settings.HOST}:${settings.PORT}` : `fd@${descriptor}`,
    threads: settings.HAPROXY_THREADS,
    connections: settings.HAPROXY_CONNECTIONS,
    cookieSecret: settings.COOKIE_SECRET,
    sticky: settings.STICKY,
    keyHeader: settings.KEY_HEADER,
    trusted: settings.TRUSTED_PROXIES,
    bodyAtMost: settings.BODY_AT_MOST,
    logged: settings.ACCESS_LOG_SHARE,
  };

  const initial: State = { ...((await loadState(settings.STATE_FILE)) ?? emptyState), allow: null };
  const haproxy = new HaproxyProcess({ binary: settings.HAPROXY_BINARY, layout, descriptor, log });
  const control = new Control(haproxy, layout, wanted(initial), log);
  await control.start();
  const state: Watched<State> = watch<State>({
    redis,
    topics: ['fleet', 'rollout', 'alerts'],
    initial,
    read: async (from) => {
      const found = await readState(from);
      return { ...found, fleet: keepProduction(state.current.fleet, found.fleet) };
    },
    onChange: (next) => {
      void control.update(wanted(next));
      saveState(settings.STATE_FILE, { ...next, allow: next.allow ?? [] }).catch((error: unknown) =>
        log.error({ err: error }, 'state not saved'),
      );
    },
    log,
  });

  const name = process.env.COALMINE_HOST ?? hostname();
  const traffic = new TrafficSeconds(control, (second) => {
    if (state.fresh) appendTraffic(redis, name, second).catch(() => undefined); // Redis' own errors are logged
  });
  registerMetrics(metrics, traffic, control);
  traffic.start();
  const isUsable = (pool: PoolName): boolean =>
    traffic.figures.some((server) => server.backend === pool && !server.name.includes(':') && server.isUp);
  const decisions = new Decisions({
    cookie: new BucketCookie(settings.COOKIE_SECRET),
    splitting: { sticky: settings.STICKY, keyHeader: settings.KEY_HEADER },
    state: () => ({ ...state.current, allow: state.current.allow ?? [] }),
    defaultWeight: settings.CANARY_WEIGHT,
    canaryUsable: () => isUsable('canary'),
  });
  await runService({
    name: 'proxy-server',
    handler: ({ url, headers }, response) =>
      url === '/explain'
        ? answerJson(response, 200, decisions.explain(headers))
        : answerJson(response, 404, { error: 'not found' }),
    log,
    metrics,
    port: settings.OPERATIONS_PORT,
    host: settings.HOST,
    health: () => ({
      ok: control.isUp,
      engine: 'haproxy',
      haproxy: control.pid,
      redis: state.fresh,
      production: isUsable('prod'),
    }),
    onStop: async () => {
      traffic.stop();
      state.close();
      await control.stop(graceMs, leaveAfterMs);
      redis.disconnect();
    },
  });
}

async function readState(redis: Redis): Promise<State> {
  const [fleet, rollout, alert, allow] = await Promise.all([
    readFleet(redis),
    readRollout(redis),
    readAlert(redis, 'canary'),
    readAllow(redis),
  ]);
  return { fleet, rollout, alert: alert !== null, allow };
}
