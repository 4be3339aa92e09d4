import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';

export interface Summary {
  id: string;
  /** ISO 8601, when it came in. */
  received: string;
  from: string;
  to: string[];
  subject: string;
}

export interface Message extends Summary {
  text: string;
  html: string | null;
}

const bound = 500;

/** The messages on disk, newest first; each is its raw text and a summary. The oldest go beyond 500. */
export class Mailbox {
  private summaries: Summary[];
  private last = 0;

  constructor(private readonly home: string) {
    mkdirSync(home, { recursive: true });
    this.summaries = readdirSync(home)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .reverse()
      .map((name) => JSON.parse(readFileSync(join(home, name), 'utf8')) as Summary);
  }

  list(): readonly Summary[] {
    return this.summaries;
  }

  /** Keeps a message. The envelope says who it is for, whatever its headers say. */
  async add(raw: Buffer, envelope: { from: string; to: string[] }): Promise<Summary> {
    const parsed = await simpleParser(raw);
    const summary: Summary = {
      id: this.newId(),
      received: new Date().toISOString(),
      from: parsed.from?.text ?? envelope.from,
      to: envelope.to,
      subject: parsed.subject ?? '(no subject)',
    };
    writeFileSync(join(this.home, `${summary.id}.eml`), raw);
    const temporary = join(this.home, `${summary.id}.tmp`);
    writeFileSync(temporary, JSON.stringify(summary));
    renameSync(temporary, join(this.home, `${summary.id}.json`));
    this.summaries = [summary, ...this.summaries];
    for (const { id } of this.summaries.slice(bound)) this.remove(id);
    this.summaries = this.summaries.slice(0, bound);
    return summary;
  }

  async read(id: string): Promise<Message | undefined> {
    const summary = this.summaries.find((entry) => entry.id === id);
    if (!summary) return undefined;
    const { text, html } = await simpleParser(readFileSync(join(this.home, `${id}.eml`)));
    return { ...summary, text: text ?? '', html: html || null };
  }

  clear(): number {
    const removed = this.summaries.length;
    for (const { id } of this.summaries) this.remove(id);
    this.summaries = [];
    return removed;
  }

  private remove(id: string): void {
    for (const ending of ['json', 'eml']) rmSync(join(this.home, `${id}.${ending}`), { force: true });
  }

  // Sorts by time; two within a millisecond get a number each.
  private newId(): string {
    this.last = Math.max(Date.now(), this.last + 1);
    return String(this.last);
  }
}
