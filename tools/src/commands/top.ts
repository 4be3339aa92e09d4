import { setTimeout as sleep } from 'node:timers/promises';
import { openFleet } from '../fleet.js';
import { openProject } from '../project.js';
import { reasonOf } from '../problem.js';
import { readFrame } from '../top-frame.js';
import { frameText } from '../top-text.js';
import { withRedis } from '../tunnel.js';

const everyMs = 1000;
/** The terminal's other screen, without a cursor; and back. */
const [enter, leave] = ['\u001B[?1049h\u001B[?25l', '\u001B[?25h\u001B[?1049l'];

/** The fleet live in the terminal until q or Ctrl-C; into a pipe, or with `--once`, one frame. JSON: an object a line. */
export async function top(options: { once?: boolean; json?: boolean }): Promise<void> {
  const { project, droplets } = await openFleet(await openProject());
  const threshold = project.config.monitor.cpu;
  await withRedis(project, droplets, async (redis) => {
    if (options.json) {
      do {
        console.log(JSON.stringify(await readFrame(redis)));
        if (!options.once) await sleep(everyMs);
      } while (!options.once);
    } else if (options.once || !process.stdout.isTTY) {
      console.log(frameText(await readFrame(redis), threshold, 200));
    } else {
      await live(async () => frameText(await readFrame(redis), threshold, process.stdout.columns || 100));
    }
  });
}

async function live(draw: () => Promise<string>): Promise<void> {
  const quit = new AbortController();
  const onKey = (key: Buffer): void => {
    if (['q', '\u0003', '\u0004'].includes(key.toString())) quit.abort();
  };
  process.stdin.setRawMode?.(true).resume().on('data', onKey);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => quit.abort());
  process.stdout.write(enter);
  try {
    while (!quit.signal.aborted) {
      const text = await draw().catch((error: unknown) => `Redis does not answer: ${reasonOf(error)}`);
      // Home, each line cleared to its end, the rest of the screen below: nothing flickers.
      process.stdout.write(
        `\u001B[H${text.replaceAll('\n', '\u001B[K\r\n')}\u001B[K\r\n\u001B[Kq quits\u001B[J`,
      );
      await sleep(everyMs, undefined, { signal: quit.signal }).catch(() => undefined);
    }
  } finally {
    process.stdout.write(leave);
    process.stdin.setRawMode?.(false).pause().off('data', onKey);
  }
}
