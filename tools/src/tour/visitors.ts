import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const loops = 4;
const perSecond = 40;
const pauseMs = (1000 / perSecond) * loops;

/** The users of the app: they ask for a page 40 times a second, half of them on kept connections, until they leave. */
export class Visitors {
  requests = 0;
  /** One line a failed request; anything but a 200 is one. */
  readonly failures: string[] = [];
  /** Droplet → when it answered last, ms since the epoch, and how often in all. */
  readonly servedBy = new Map<string, { last: number; count: number }>();
  private readonly kept = new Agent({ keepAlive: true, maxSockets: loops });
  private here = true;
  private readonly strolls: Promise<void>[];

  constructor(private readonly url: string) {
    this.strolls = Array.from({ length: loops }, (_, index) => this.stroll(index % 2 === 0));
  }

  async leave(): Promise<void> {
    this.here = false;
    await Promise.all(this.strolls);
    this.kept.destroy();
  }

  /** How often a droplet has answered so far. */
  servedCount(host: string): number {
    return this.servedBy.get(host)?.count ?? 0;
  }

  private async stroll(keepsConnection: boolean): Promise<void> {
    while (this.here) {
      this.requests += 1;
      try {
        const answer = await get(this.url, keepsConnection ? this.kept : undefined);
        if (answer.statusCode !== 200) throw new Error(`answer ${answer.statusCode}`);
        const host = String(answer.headers['x-served-by']);
        this.servedBy.set(host, { last: Date.now(), count: this.servedCount(host) + 1 });
      } catch (error) {
        this.failures.push(`${new Date().toISOString()} ${(error as Error).message}`);
      }
      await sleep(pauseMs);
    }
  }
}

/** One GET with its body read to the end. */
function get(url: string, agent?: Agent): Promise<IncomingMessage> {
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
