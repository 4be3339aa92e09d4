import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** Writes beside, syncs, then renames: a reader or a crash never sees half a file. */
export async function writeFileAtomically(file: string, text: string, mode = 0o644): Promise<void> {
  const beside = `${file}.${randomUUID()}`;
  try {
    const handle = await open(beside, 'wx', mode);
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
