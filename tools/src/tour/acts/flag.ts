import { Broken, type Act } from '../act.js';

const promisedMs = 1000;

export const flagOffAndOn: Act = {
  name: 'A flag off and on',
  promise: `the app obeys within ${promisedMs / 1000} s, no deploy`,
  async play(stage) {
    const { app = '', flags = '' } = stage.urls;
    const toggle = async (): Promise<number> => {
      const answer = await fetch(new URL('/feature', flags));
      if (!answer.ok) throw new Broken(`the flag service answers ${answer.status}`);
      return Date.now();
    };
    const obeyed = (status: number) => async (): Promise<boolean> =>
      (await fetch(`${app}set`)).status === status;
    await stage.until('tokens', 5, obeyed(200));
    const off = await toggle().then(async (at) => {
      await stage.until('tokens off', 10, obeyed(403));
      return Date.now() - at;
    });
    stage.narrate(`off: /set says 403 after ${off} ms`);
    const on = await toggle().then(async (at) => {
      await stage.until('tokens on', 10, obeyed(200));
      return Date.now() - at;
    });
    stage.narrate(`on: /set says 200 after ${on} ms`);
    return { measured: `off after ${off} ms, on after ${on} ms`, kept: Math.max(off, on) <= promisedMs };
  },
};
