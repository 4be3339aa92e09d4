import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFlag } from '@coalmine/fleet/flags.js';
import { keys } from '@coalmine/fleet/keys.js';
import { soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';
import type { Redis } from 'ioredis';

const main = join(import.meta.dirname, '../src/main.js');
const definition = (defaultVariant: 'on' | 'off') =>
  ({ state: 'ENABLED', variants: { on: true, off: false }, defaultVariant }) as const;

/** Asks the app without a pause, and counts what it answers. */
class Visitor {
  readonly statuses = new Map<string, number>();
  private gone = false;
  private readonly visits: Promise<void>;

  constructor(app: TestService, paths: readonly string[]) {
    this.visits = (async () => {
      while (!this.gone)
        for (const path of paths) {
          const { status } = await fetch(`${app.url}${path}`);
          const seen = `${path} ${status}`;
          this.statuses.set(seen, (this.statuses.get(seen) ?? 0) + 1);
        }
    })();
  }

  async leave(): Promise<string[]> {
    this.gone = true;
    await this.visits;
    return [...this.statuses.keys()].sort();
  }
}

describe('the app behind its flag', () => {
  let redis: TestRedis;
  let client: Redis;
  let app: TestService;
  let folder: string;
  const start = () =>
    TestService.start(main, { REDIS_URL: redis.url, FLAGS_FILE: join(folder, 'flags.json') });
  const statusOf = async (path: string) => (await fetch(`${app.url}${path}`)).status;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-app-'));
    redis = await TestRedis.start();
    client = redis.client();
    app = await start();
    await writeFlag(client, 'tokens', definition('off'));
    await soon(async () => (await statusOf('/get')) === 403);
  });

  afterAll(async () => {
    await app.stop();
    client.disconnect();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const faults: Record<string, () => Promise<unknown>> = {
    'is killed and comes back': async () => {
      await redis.kill();
      await sleep(300);
      await redis.resume();
    },
    'is emptied': () => client.flushall(),
    'holds what is no flag': () =>
      client.multi().hset(keys.flags, 'other', '{').incr(keys.revision('flags')).exec(),
    'becomes a read-only replica of an empty one': async () => {
      const other = await TestRedis.start();
      await client.call('REPLICAOF', '127.0.0.1', String(other.port));
      await sleep(1200);
      await client.call('REPLICAOF', 'NO', 'ONE');
      await other.stop();
    },
    'does not answer for a while': () => client.call('CLIENT', 'PAUSE', '1500', 'ALL'),
  };

  for (const [what, happens] of Object.entries(faults)) {
    it(`stays shut with a reason while Redis ${what}, without one error`, async () => {
      const visitor = new Visitor(app, ['/', '/get', '/set', '/tokens/x']);
      await happens();
      await sleep(300);
      expect(await visitor.leave()).toEqual(['/ 200', '/get 403', '/set 403', '/tokens/x 403']);
    });
  }

  it('is shut, too, when it starts while Redis is away: the disk knows', async () => {
    await soon(async () => (await statusOf('/healthz')) === 200);
    await writeFlag(client, 'tokens', definition('off'));
    await app.stop();
    await redis.kill();
    app = await start();
    const answer = await fetch(`${app.url}/get`);
    expect([answer.status, ((await answer.json()) as { reason: string }).reason]).toEqual([
      403,
      'feature flag',
    ]);
    await redis.resume();
    await soon(async () => {
      await writeFlag(client, 'tokens', definition('on'));
      return (await statusOf('/set')) === 200;
    });
    expect(await statusOf('/set')).toBe(200);
  });
});
