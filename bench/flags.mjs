// What a feature flag costs, and how soon a change is everywhere: npm run bench:flags [-- --json]
// Evaluation in process beside a request to Redis and one to the service; then a toggle until 20 apps have it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenFeature } from '@openfeature/server-sdk';
import { pino } from 'pino';
import { keys } from '../fleet/dist/src/keys.js';
import { connected, connectRedis } from '../fleet/dist/src/redis.js';
import { soon, TestRedis, TestService } from '../fleet/dist/src/testbed.js';
import { FlagProvider } from '../feature-flag/dist/src/provider.js';
import { context, evaluationUs, perSecond, quantile, round } from './flags-timing.mjs';

const root = resolve(import.meta.dirname, '..');
const log = pino({ level: 'silent' });
const apps = 20;
const toggles = 200;
const manyFlags = 10_000;
const plain = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
/** Staff of a recent version has it, and a quarter of everybody else, sticky by user. */
const targeting = {
  if: [
    {
      and: [
        { ends_with: [{ var: 'email' }, '@example.com'] },
        { sem_ver: [{ var: 'version' }, '>=', '2.0.0'] },
      ],
    },
    'on',
    {
      fractional: [
        ['on', 25],
        ['off', 75],
      ],
    },
  ],
};
const targeted = { ...plain, targeting };
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

if (process.argv.includes('--app')) await app();
else await bench();

/** One of the apps: tells when its flag got another value. */
async function app() {
  const redis = connectRedis(process.env.REDIS_URL);
  redis.on('error', () => undefined);
  const provider = new FlagProvider({ redis, log });
  await OpenFeature.setProviderAndWait(provider);
  const value = () => provider.resolve('boolean', 'toggled', false).value;
  provider.events.addHandler('PROVIDER_CONFIGURATION_CHANGED', () =>
    process.send({ value: value(), at: String(process.hrtime.bigint()) }),
  );
  process.once('disconnect', () => process.exit());
  process.send({ ready: true });
}

async function bench() {
  const results = [];
  const add = (name, value, unit, limit) =>
    results.push({ name, value: round(value), unit, ...(limit === undefined ? {} : { limit }) });
  const redis = await TestRedis.start();
  const client = redis.client();
  const children = [];
  let service;
  try {
    await client.hset(keys.flags, {
      targeted: JSON.stringify(targeted),
      toggled: JSON.stringify(plain),
      plain: JSON.stringify(plain),
    });
    await client.incr(keys.revision('flags'));
    const many = String(1_000_000);
    service = await TestService.start(join(root, 'feature-flag/dist/src/main.js'), {
      ...{ REDIS_URL: redis.url, REQUESTS_PER_MINUTE: many, WRITES_PER_MINUTE: many },
      LOG_LEVEL: 'info', // it says so when it listens
    });
    await evaluations(redis, client, service, add);
    await propagation(redis, service, children, add);
    await tenThousand(redis, client, add);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    agent.destroy();
    client.disconnect();
    await service?.stop();
    await redis.stop();
  }
  const of = (name) => results.find((result) => result.name === name).value;
  const summary = {
    evaluationP50Us: of('evaluation in process, targeted, median'),
    // As it is promised: from the toggle's answer. 0 is an app that had the value before the caller had the answer.
    propagationP50Ms: of(`toggle answered → in an app, of ${apps}, median`),
    propagationP99Ms: of(`toggle answered → in an app, of ${apps}, p99`),
    fromRequestP50Ms: of(`toggle asked for → in an app, of ${apps}, median`),
    fromRequestP99Ms: of(`toggle asked for → in an app, of ${apps}, p99`),
    restartedRedisMs: of(`Redis killed and back → a new toggle in all ${apps}, slowest of 3`),
  };
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ summary, results }, null, 2)}\n`);
  else
    for (const { name, value, unit, limit } of results)
      process.stdout.write(
        `${name.padEnd(62)} ${String(value).padStart(10)} ${unit}${limit === undefined ? '' : `   (wanted: at most ${limit} ${unit})`}\n`,
      );
  process.exit();
}

/** The same flag, asked in process, at the service by OFREP; and its text at Redis, as an app without a provider would. */
async function evaluations(redis, client, service, add) {
  const own = await connected(connectRedis(redis.url));
  const provider = new FlagProvider({ redis: own, log });
  await OpenFeature.setProviderAndWait(provider);
  const flags = OpenFeature.getClient();
  const us = evaluationUs(provider, 'targeted');
  add('evaluation in process, targeted, median', us, 'µs', 5);
  add('evaluation in process, untargeted, median', evaluationUs(provider, 'plain'), 'µs');
  add('evaluations per second in process, targeted', 1e6 / us, '/s');
  add(
    '… through the OpenFeature SDK',
    await perSecond(1, () => flags.getBooleanValue('targeted', false, context)),
    '/s',
  );
  for (const atOnce of [1, 32]) {
    const note = `${atOnce} at once`;
    add(
      `Redis asked for the flag per request, ${note}`,
      await perSecond(atOnce, () => client.hget(keys.flags, 'targeted')),
      '/s',
    );
    add(`OFREP over HTTP, ${note}`, await perSecond(atOnce, () => ofrep(service)), '/s');
  }
  await OpenFeature.clearProviders();
  own.disconnect();
}

/** Toggles, until every app has the new value; then once more while Redis is killed and comes back. */
async function propagation(redis, service, children, add) {
  const seen = new Map();
  for (let index = 0; index < apps; index += 1) {
    const child = fork(import.meta.filename, ['--app'], { env: { ...process.env, REDIS_URL: redis.url } });
    children.push(child);
    await once(child, 'message');
    child.on('message', (message) => seen.set(index, message));
  }
  const everywhere = (value, withinMs) =>
    soonly(() => seen.size === apps && [...seen.values()].every((one) => one.value === value), withinMs);
  const [fromAsked, fromAnswer] = [[], []];
  for (let count = 0; count < toggles; count += 1) {
    seen.clear();
    const asked = process.hrtime.bigint();
    const { value } = await toggle(service);
    const answered = process.hrtime.bigint();
    if (!(await everywhere(value, 5000))) throw new Error('a toggle did not reach every app');
    for (const { at } of seen.values()) {
      fromAsked.push(Number(BigInt(at) - asked) / 1e6);
      fromAnswer.push(Math.max(0, Number(BigInt(at) - answered) / 1e6));
    }
    await sleep(20);
  }
  add(`toggle asked for → in an app, of ${apps}, median`, quantile(fromAsked, 0.5), 'ms');
  add(`toggle asked for → in an app, of ${apps}, p99`, quantile(fromAsked, 0.99), 'ms');
  add(`toggle answered → in an app, of ${apps}, median`, quantile(fromAnswer, 0.5), 'ms', 20);
  add(`toggle answered → in an app, of ${apps}, p99`, quantile(fromAnswer, 0.99), 'ms', 50);
  const recoveries = [];
  for (let count = 0; count < 3; count += 1) {
    await redis.kill();
    await sleep(700);
    await redis.resume();
    const back = performance.now();
    seen.clear();
    let answer = null;
    while (!(answer = await toggle(service).catch(() => null))) await sleep(5);
    if (!(await everywhere(answer.value, 10_000)))
      throw new Error('an app missed a change after Redis was back');
    recoveries.push(performance.now() - back);
  }
  add(
    `Redis killed and back → a new toggle in all ${apps}, slowest of 3`,
    Math.max(...recoveries),
    'ms',
    1000,
  );
  for (const child of children) child.kill('SIGKILL');
}

/** A start with very many flags, what they take, and whether the evaluation is as fast as with few. */
async function tenThousand(redis, client, add) {
  const fields = {};
  for (let index = 0; index < manyFlags; index += 1) fields[`flag-${index}`] = JSON.stringify(targeted);
  await client.hset(keys.flags, fields);
  await client.incr(keys.revision('flags'));
  const own = await connected(connectRedis(redis.url));
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  const provider = new FlagProvider({ redis: own, log });
  await provider.initialize();
  provider.resolve('boolean', 'flag-42', false, context);
  add(`${manyFlags} flags: start`, performance.now() - start, 'ms', 500);
  globalThis.gc?.();
  add(
    `${manyFlags} flags: memory, none evaluated yet`,
    (process.memoryUsage().heapUsed - before) / 1e6,
    'MB',
  );
  add(`${manyFlags} flags: evaluation, targeted, median`, evaluationUs(provider, 'flag-42'), 'µs', 5);
  const each = performance.now();
  for (let index = 0; index < manyFlags; index += 1)
    provider.resolve('boolean', `flag-${index}`, false, context);
  add(`${manyFlags} flags: each evaluated for the first time`, performance.now() - each, 'ms');
  globalThis.gc?.();
  add(`${manyFlags} flags: memory, all evaluated`, (process.memoryUsage().heapUsed - before) / 1e6, 'MB');
  await provider.onClose();
  own.disconnect();
}

async function toggle(service) {
  const { status, body } = await ask(service, '/flags/toggled/toggle', {});
  if (status !== 200) throw new Error(`toggle: ${status} ${body}`);
  return JSON.parse(body);
}

async function ofrep(service) {
  const { status, body } = await ask(service, '/ofrep/v1/evaluate/flags/targeted', { context });
  if (status !== 200) throw new Error(`OFREP: ${status} ${body}`);
}

function ask(service, path, body) {
  return new Promise((fulfil, reject) => {
    const asked = request(
      `${service.url}${path}`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (data) => (text += data));
        response.on('end', () => fulfil({ status: response.statusCode, body: text }));
      },
    );
    asked.on('error', reject).end(JSON.stringify(body));
  });
}

/** As `soon`, but looks every millisecond: it is waited for in a loop. */
async function soonly(holds, withinMs) {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(1))
    if (holds()) return true;
  return soon(holds, 0);
}
