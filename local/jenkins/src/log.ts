import { open } from 'node:fs/promises';
import type { Build } from './build.js';

export interface LogPart {
  bytes: Buffer;
  /** Where to read on. */
  size: number;
  more: boolean;
}

/** At most this much of a log goes into one answer; the client asks again. */
const partLimit = 4 * 1024 * 1024;

/** A part of a build's log from a byte on; as in Jenkins, a start beyond the end begins anew. */
export async function readLog(build: Build, start: number): Promise<LogPart> {
  const { building } = build.record;
  const size = build.logSize;
  const from = start > size || start < 0 || !Number.isInteger(start) ? 0 : start;
  const length = Math.min(size - from, partLimit);
  const file = await open(build.logPath, 'r');
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, from);
    const end = from + bytesRead;
    return { bytes: buffer.subarray(0, bytesRead), size: end, more: building || end < size };
  } finally {
    await file.close();
  }
}
