import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** Keys made before there is a droplet: its host key, so that it can be pinned, and ours. */
export class SshIdentity {
  private folder = '';

  async create(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'coalmine-ssh-'));
    for (const name of ['host', 'client'])
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(this.folder, name)]);
  }

  get publicKey(): string {
    return this.read('client.pub');
  }

  /** cloud-init's user data with the host key, and more of its lines. */
  userData(...lines: string[]): string {
    const indented = this.read('host')
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n');
    const keys = `ssh_keys:\n  ed25519_private: |\n${indented}\n  ed25519_public: ${this.read('host.pub')}`;
    return ['#cloud-config', keys, ...lines, ''].join('\n');
  }

  /** Runs a command on a droplet as root. A host that shows another key than ours is refused. */
  async run(address: string, command: string): Promise<{ code: number; text: string }> {
    const knownHosts = join(this.folder, 'known_hosts');
    writeFileSync(knownHosts, `${address} ${this.read('host.pub')}\n`);
    const options = [
      `UserKnownHostsFile=${knownHosts}`,
      ...['StrictHostKeyChecking=yes', 'BatchMode=yes', 'ConnectTimeout=5'],
    ];
    const { exitCode, all } = await execa(
      'ssh',
      ['-F', 'none', '-i', join(this.folder, 'client'), ...options.flatMap((one) => ['-o', one])].concat(
        `root@${address}`,
        command,
      ),
      { reject: false, all: true, stdin: 'ignore' },
    );
    return { code: exitCode ?? -1, text: all };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8').trim();
  }
}
