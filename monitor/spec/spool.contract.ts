import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soon } from '@coalmine/fleet/testbed.js';
import { pino } from 'pino';
import { Refused, Spool, type Send } from '../src/mail/spool.js';

const log = pino({ level: 'silent' });

describe('the spool', () => {
  let folder: string;
  let spools: Spool[];

  const open = async (receivers: Record<string, Send>): Promise<Spool> => {
    const spool = new Spool({ ...{ folder, receivers, log }, firstPauseMs: 20, longestPauseMs: 100 });
    spools.push(spool);
    await spool.start();
    return spool;
  };

  beforeEach(async () => {
    spools = [];
    folder = await mkdtemp(join(tmpdir(), 'coalmine-spool-'));
  });
  afterEach(async () => {
    for (const spool of spools) spool.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('tries again until the receiver takes it, in order, once each', async () => {
    const taken: unknown[] = [];
    let refusals = 3;
    const spool = await open({
      mail: async (message) => {
        refusals -= 1;
        if (refusals >= 0) throw new Error('away');
        taken.push(message);
      },
    });
    for (const message of [1, 2, 3]) await spool.add({ mail: message });
    expect(spool.waiting).toBe(3);
    expect(await soon(() => taken.length === 3)).toBeTrue();
    expect(taken).toEqual([1, 2, 3]);
    expect(await soon(async () => spool.waiting === 0 && (await readdir(folder)).length === 0)).toBeTrue();
  });

  it('survives the death of its process, half-written files included', async () => {
    const first = await open({ mail: () => Promise.reject(new Error('away')) });
    await first.add({ mail: { subject: 'kept' } });
    first.stop();
    await writeFile(join(folder, '1-x.mail.json.new'), '{"rec');
    await writeFile(join(folder, '1-x.mail.json'), 'not JSON');
    const taken: unknown[] = [];
    const second = await open({ mail: async (message) => void taken.push(message) });
    expect(await soon(() => second.waiting === 0)).toBeTrue();
    expect(taken).toEqual([{ subject: 'kept' }]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets no receiver wait for another, and gives up what is refused for good', async () => {
    const taken: unknown[] = [];
    const spool = await open({
      mail: () => Promise.reject(new Error('away')),
      webhook: async (message) => {
        if (message === 'bad') throw new Refused('400');
        taken.push(message);
      },
    });
    await spool.add({ mail: 'waits', webhook: 'bad' });
    await spool.add({ webhook: 'good', nobody: 'is not there' });
    expect(await soon(() => taken.length === 1)).toBeTrue();
    expect(taken).toEqual(['good']);
    expect(await soon(() => spool.waiting === 1)).toBeTrue();
  });
});
