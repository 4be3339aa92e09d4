import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FlagFields } from '@coalmine/fleet/flags.js';
import type { Logger } from '@coalmine/fleet/log.js';
import { z } from 'zod';

const fileSchema = z.object({
  revision: z.number().int().min(0),
  fields: z.record(z.string(), z.string()),
});

export interface Known {
  revision: number;
  fields: FlagFields;
}

/** The last known definitions on a disk, so that a process can start while Redis is away. */
export class LastKnown {
  private wanted: Known | null = null;
  private writing: Promise<void> | null = null;

  constructor(
    private readonly file: string,
    private readonly log: Logger,
  ) {}

  /** What was kept; null when there is nothing, or nothing that can be read. */
  read(): Known | null {
    try {
      const { revision, fields } = fileSchema.parse(JSON.parse(readFileSync(this.file, 'utf8')));
      return { revision, fields: new Map(Object.entries(fields)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.log.warn({ err: error, file: this.file }, 'the last known flags cannot be read');
      return null;
    }
  }

  /** Keeps these; of several at once the last one. A disk that is full or read-only is logged, no more. */
  write(known: Known): void {
    this.wanted = known;
    this.writing ??= this.run().finally(() => {
      this.writing = null;
    });
  }

  /** Waits until what was wanted is on the disk. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async run(): Promise<void> {
    while (this.wanted) {
      const { revision, fields } = this.wanted;
      this.wanted = null;
      const half = `${this.file}.${process.pid}`;
      try {
        await mkdir(dirname(this.file), { recursive: true });
        await writeFile(half, JSON.stringify({ revision, fields: Object.fromEntries(fields) }), {
          mode: 0o600,
          flush: true,
        });
        await rename(half, this.file);
      } catch (error) {
        await rm(half, { force: true }).catch(() => undefined);
        this.log.warn({ err: error, file: this.file }, 'the last known flags cannot be kept');
      }
    }
  }
}
