import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Tally {
  requests: number;
  /** One line a failure: when, and what happened. */
  failures: string[];
  /** How often each droplet answered. */
  servedBy: Map<string, number>;
}

/**
 * A client that asks for a page again and again, at a steady rate and half of the time on a kept connection,
 * until it is stopped; anything but a 200 is a failure. At most `limit` requests.
 */
export class LoadingClient {
  readonly tally: Tally = { requests: 0, failures: [], servedBy: new Map() };
  private readonly keepAlive = new Agent({ keepAlive: true, maxSockets: 4 });
  private stopped = false;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly url: string,
    perSecond = 40,
    private readonly limit = 20_000,
  ) {
    const loops = 4;
    this.loops = Array.from({ length: loops }, (_, index) =>
      this.loop((1000 / perSecond) * loops, index % 2 === 0),
    );
  }

  async stop(): Promise<Tally> {
    this.stopped = true;
    await Promise.all(this.loops);
    this.keepAlive.destroy();
    return this.tally;
  }

  private async loop(pauseMs: number, kept: boolean): Promise<void> {
    while (!this.stopped && this.tally.requests < this.limit) {
      this.tally.requests += 1;
      try {
        const answer = await ask(this.url, kept ? this.keepAlive : undefined);
        if (answer.statusCode !== 200)
          throw new Error(`${answer.statusCode} ${String(answer.headers['x-proxy-error'])}`);
        const by = String(answer.headers['x-served-by']);
        this.tally.servedBy.set(by, (this.tally.servedBy.get(by) ?? 0) + 1);
      } catch (error) {
        this.tally.failures.push(
          `${new Date().toISOString()} ${kept ? 'kept' : 'fresh'}: ${(error as Error).message}`,
        );
      }
      await sleep(pauseMs);
    }
  }
}

/** One GET with its body read to the end. */
export function ask(url: string, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: agent ?? false, timeout: 20_000 }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer));
      answer.once('error', reject);
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in 20 s')));
    outgoing.once('error', reject);
    outgoing.end();
  });
}
