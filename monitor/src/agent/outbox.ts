import { appendSamples, type Sample } from '@coalmine/fleet/samples.js';
import type { Redis } from 'ioredis';

const batch = 300;

/** The last minutes of samples; those that Redis has not taken yet are sent when it is back. */
export class Outbox {
  private samples: Sample[] = [];
  private waiting = 0;
  private sending = false;

  /** `atMost`: how many samples are kept, sent or not. */
  constructor(
    private readonly redis: Redis,
    private readonly atMost = 600,
  ) {}

  /** How many Redis has not taken. */
  get unsent(): number {
    return this.waiting;
  }

  /** The last samples, oldest first. */
  latest(count: number): readonly Sample[] {
    return this.samples.slice(-count);
  }

  add(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length > this.atMost) this.samples.shift();
    this.waiting = Math.min(this.waiting + 1, this.samples.length);
  }

  /** Sends what waits, oldest first. Throws when Redis does not take it; it then goes on waiting. */
  async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.waiting > 0) {
        const due = this.samples.slice(-this.waiting).slice(0, batch);
        const last = due.at(-1);
        await appendSamples(this.redis, due);
        // Meanwhile others came in, and the oldest may have gone.
        this.waiting = this.samples.length - 1 - (last ? this.samples.lastIndexOf(last) : -1);
      }
    } finally {
      this.sending = false;
    }
  }
}
