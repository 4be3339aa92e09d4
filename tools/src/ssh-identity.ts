import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { writeFileAtomically } from './files.js';

/** An SSH key pair, as text. */
export interface KeyPair {
  privateKey: string;
  publicKey: string;
}

/** The key that Coalmine logs in with; made on the first call. */
export async function fleetKey(home: string): Promise<{ file: string; publicKey: string }> {
  const file = join(home, 'id_ed25519');
  if (!existsSync(file)) await generate(file, 'coalmine');
  return { file, publicKey: await readFile(`${file}.pub`, 'utf8') };
}

/** A fresh host key for a droplet that does not exist yet, so that its first connection can be checked. */
export async function newHostKey(home: string, name: string): Promise<KeyPair> {
  const folder = join(home, 'host-keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  await Promise.all([rm(file, { force: true }), rm(`${file}.pub`, { force: true })]);
  await generate(file, name);
  const pair = {
    privateKey: await readFile(file, 'utf8'),
    publicKey: (await readFile(`${file}.pub`, 'utf8')).trim(),
  };
  await rm(file); // the droplet has it; nobody else needs it
  return pair;
}

/** Host keys are known by droplet, not by address: an address may be given to another droplet one day. */
export function hostKeyAlias(dropletId: number): string {
  return `droplet-${dropletId}`;
}

export function knownHostsFile(home: string): string {
  return join(home, 'known_hosts');
}

/** Makes the droplet's host key the only one that is accepted for it. */
export async function pinHostKey(home: string, dropletId: number, publicKey: string): Promise<void> {
  const [type = '', key = ''] = publicKey.split(' ');
  await rewriteKnownHosts(home, dropletId, `${hostKeyAlias(dropletId)} ${type} ${key}`);
}

export async function forgetHostKey(home: string, dropletId: number): Promise<void> {
  await rewriteKnownHosts(home, dropletId, null);
}

/** True when the droplet's host key is pinned. */
export async function hasHostKey(home: string, dropletId: number): Promise<boolean> {
  const text = await readFile(knownHostsFile(home), 'utf8').catch(() => '');
  return text.split('\n').some((entry) => entry.startsWith(`${hostKeyAlias(dropletId)} `));
}

/** The host key that was made last for a droplet of this name, pinned or not; null when there was none. */
export async function lastHostKey(home: string, name: string): Promise<string | null> {
  return readFile(join(home, 'host-keys', `${name}.pub`), 'utf8').catch(() => null);
}

/** Arguments for `ssh` to a droplet: pinned host key, the fleet's own login key, nothing of the user's. */
export function sshArguments(home: string, dropletId: number): string[] {
  return [
    ...['-F', '/dev/null', '-i', join(home, 'id_ed25519'), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    ...['-o', `UserKnownHostsFile=${knownHostsFile(home)}`, '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', `HostKeyAlias=${hostKeyAlias(dropletId)}`, '-o', 'CheckHostIP=no', '-o', 'ConnectTimeout=5'],
  ];
}

let lastRewrite: Promise<void> = Promise.resolve();

/** One rewrite after the other: droplets are made in parallel. */
function rewriteKnownHosts(home: string, dropletId: number, line: string | null): Promise<void> {
  const file = knownHostsFile(home);
  lastRewrite = lastRewrite.then(async () => {
    const text = existsSync(file) ? await readFile(file, 'utf8') : '';
    const others = text
      .split('\n')
      .filter((entry) => entry && !entry.startsWith(`${hostKeyAlias(dropletId)} `));
    await writeFileAtomically(file, [...others, ...(line ? [line] : [])].join('\n') + '\n', 0o600);
  });
  return lastRewrite;
}

async function generate(file: string, comment: string): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
}
