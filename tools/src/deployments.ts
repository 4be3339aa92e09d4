import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Delivery } from './deploy.js';
import { writeFileAtomically } from './files.js';
import { parts, type Release } from './release.js';

const deployedPart = z.object({
  commit: z.string(),
  sha256: z.string(),
  /** The commits that ran there before, latest first: where a rollback can go. */
  before: z.array(z.string()),
});
const deploymentsSchema = z.record(z.string(), z.partialRecord(z.enum(parts), deployedPart));

/** Droplet id → part → what runs there. By id, so that a droplet made anew under an old name counts as empty. */
export type Deployments = z.infer<typeof deploymentsSchema>;

export async function readDeployments(home: string): Promise<Deployments> {
  try {
    return deploymentsSchema.parse(JSON.parse(await readFile(deploymentsFile(home), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Enters what was just deployed. */
export async function recordDeployment(
  home: string,
  deliveries: readonly Delivery[],
  release: Release,
): Promise<void> {
  const deployed = await readDeployments(home);
  for (const { droplet, parts: delivered } of deliveries) {
    for (const part of delivered) {
      const made = release.parts[part];
      if (!made) continue;
      const there = deployed[droplet.id]?.[part];
      const before = [...(there ? [there.commit, ...there.before] : [])].filter(
        (commit) => commit !== release.commit,
      );
      deployed[droplet.id] = {
        ...deployed[droplet.id],
        [part]: { commit: release.commit, sha256: made.sha256, before: [...new Set(before)].slice(0, 20) },
      };
    }
  }
  await writeFileAtomically(deploymentsFile(home), `${JSON.stringify(deployed, null, 2)}\n`);
}

/** Forgets droplets that are gone. */
export async function forgetDeployments(home: string, ids: readonly number[]): Promise<void> {
  const deployed = await readDeployments(home);
  const left = Object.entries(deployed).filter(([id]) => !ids.includes(Number(id)));
  await writeFileAtomically(deploymentsFile(home), `${JSON.stringify(Object.fromEntries(left), null, 2)}\n`);
}

function deploymentsFile(home: string): string {
  return join(home, 'deployments.json');
}
