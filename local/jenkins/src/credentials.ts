import { join } from 'node:path';
import { readJson, writeJson } from './store.js';

export type Credential =
  | { id: string; description: string; kind: 'string'; secret: string }
  | { id: string; description: string; kind: 'usernamePassword'; username: string; password: string }
  /** `content` in base64. */
  | { id: string; description: string; kind: 'file'; fileName: string; content: string }
  | {
      id: string;
      description: string;
      kind: 'sshKey';
      username: string;
      privateKey: string;
      passphrase: string;
    };

/** The global credential store; on disk with mode 0600. */
export class Credentials {
  private readonly path: string;
  private entries: Credential[];

  constructor(home: string) {
    this.path = join(home, 'credentials.json');
    this.entries = readJson<Credential[]>(this.path) ?? [];
  }

  get all(): readonly Credential[] {
    return this.entries;
  }

  get(id: string): Credential | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  put(credential: Credential): void {
    this.write([...this.entries.filter(({ id }) => id !== credential.id), credential]);
  }

  delete(id: string): boolean {
    if (!this.get(id)) return false;
    this.write(this.entries.filter((entry) => entry.id !== id));
    return true;
  }

  private write(entries: Credential[]): void {
    this.entries = entries;
    writeJson(this.path, entries, 0o600);
  }
}
