import { isDeepStrictEqual } from 'node:util';
import { readFlagFields } from '@coalmine/fleet/flags.js';
import { readFleet } from '@coalmine/fleet/members.js';
import { readRollout } from '@coalmine/fleet/rollout.js';
import { Broken, type Act } from '../act.js';
import { seconds } from '../run.js';
import type { Stage } from '../stage.js';

export const redisKilled: Act = {
  name: 'Redis killed',
  promise: 'nobody notices, nothing is lost',
  async play(stage) {
    const { narrate, visitors } = stage;
    const { app = '' } = stage.urls;
    const made = await fetch(`${app}tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ value: 'kept through the fall', ttlSeconds: 600 }),
    });
    const { id } = (await made.json()) as { id: string };
    const before = await stateOf(stage);
    await stage.onDroplet('redis-1', 'systemctl kill --signal=KILL --kill-whom=main redis-server');
    const began = Date.now();
    const { requests } = visitors;
    narrate('Redis is dead; visitors go on');
    await stage.until('a hundred more visitors', 30, () => visitors.requests > requests + 100);
    const token = async (): Promise<boolean> => {
      const answer = await fetch(`${app}tokens/${id}`);
      return answer.ok && ((await answer.json()) as { value: string }).value === 'kept through the fall';
    };
    await stage.until('the token', 20, token);
    const back = Date.now() - began;
    const after = await stateOf(stage);
    if (!isDeepStrictEqual(before, after)) throw new Broken('flags, fleet or rollout are not what they were');
    return {
      measured: `token, ${after.flags.size} flags, ${after.fleet.size} droplets and rollout there after ${seconds(back)}`,
      kept: true,
    };
  },
};

async function stateOf({ redis }: Stage) {
  const [flags, fleet, rollout] = await Promise.all([
    readFlagFields(redis),
    readFleet(redis),
    readRollout(redis),
  ]);
  return { flags, fleet, rollout };
}
