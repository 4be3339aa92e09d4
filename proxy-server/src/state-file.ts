import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { memberSchema, type Fleet } from '@coalmine/fleet/members.js';
import { rolloutSchema, type Rollout } from '@coalmine/fleet/rollout.js';
import { z } from 'zod';

/** All that the proxy goes by. */
export interface ProxyState {
  fleet: Fleet;
  rollout: Rollout | null;
  alert: boolean;
  /** Keys that always get the canary. */
  allow: readonly string[];
}

export const emptyState: ProxyState = { fleet: new Map(), rollout: null, alert: false, allow: [] };

const stateSchema = z.object({
  fleet: z.record(z.string(), memberSchema),
  rollout: rolloutSchema.nullable(),
  alert: z.boolean(),
  allow: z.array(z.string()).default([]),
});
const fileSchema = z.object({ sha256: z.string(), state: z.string() });

/** Keeps the last known state on disk, so that a proxy starts without Redis. Written beside, synced, renamed. */
export async function saveState(file: string, state: ProxyState): Promise<void> {
  const text = JSON.stringify({ ...state, fleet: Object.fromEntries(state.fleet) });
  const beside = `${file}.next`;
  const handle = await open(beside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify({ sha256: checksum(text), state: text }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}

/** The last state that was saved, or null when there is none or the file is damaged. */
export async function loadState(file: string): Promise<ProxyState | null> {
  try {
    const { sha256, state } = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    if (checksum(state) !== sha256) return null;
    const { fleet, ...known } = stateSchema.parse(JSON.parse(state));
    return { fleet: new Map(Object.entries(fleet)), ...known };
  } catch {
    return null;
  }
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
