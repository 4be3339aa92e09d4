import { connect, type Socket } from 'node:net';

const prompt = '\n> ';

/** HAProxy's admin socket, kept open: one command at a time, each answered before the next is sent. */
export class AdminSocket {
  private readonly waiting: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];
  private heard = '';

  private constructor(
    private readonly socket: Socket,
    onClose: () => void,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => this.hear(data));
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => {
      for (const { reject } of this.waiting.splice(0))
        reject(new Error('HAProxy has closed its admin socket'));
      onClose();
    });
  }

  /** Connects. Rejects when nobody listens; `onClose` tells at once when HAProxy dies. */
  static async open(path: string, onClose: () => void): Promise<AdminSocket> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.removeAllListeners('error');
    const admin = new AdminSocket(socket, onClose);
    await admin.ask('prompt');
    return admin;
  }

  /** HAProxy's answer to a command; an empty one means that it was done. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(new Error('HAProxy has closed its admin socket'));
        return;
      }
      this.waiting.push({ resolve, reject });
      this.socket.write(`${command}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  /** With `prompt`, every answer ends in a prompt on a line of its own; answers come in the order of the questions. */
  private hear(data: string): void {
    this.heard += data;
    for (;;) {
      const end = this.heard.indexOf(prompt);
      if (end === -1) return;
      const answer = this.heard.slice(0, end);
      this.heard = this.heard.slice(end + prompt.length);
      this.waiting.shift()?.resolve(answer.trim());
    }
  }
}
