import { ConsoleText } from './console-text.js';

const redrawMs = 250;
const clearLine = '\r\u001B[2K';

/** What the progress line says: `▸ Test · 4 s of usually 9 s`. `usualMs` is -1 while Jenkins knows no usual duration. */
export function progressLine(stage: string, elapsedMs: number, usualMs: number): string {
  const usually = usualMs > 0 ? ` of usually ${seconds(usualMs)}` : '';
  return `▸ ${stage} · ${seconds(elapsedMs)}${usually}`;
}

/** A build's log on its way to people: in a terminal with a last line that shows stage and time. */
export class BuildProgress {
  private readonly text = new ConsoleText();
  private readonly began: number;
  private stage = 'starting';
  private line = '';
  private readonly timer: NodeJS.Timeout | undefined;

  /**
   * `startedAt` (ms since the epoch) is the build's; a `terminal` gets the progress line, a file or a pipe only the log.
   */
  constructor(
    private readonly say: (text: string) => void,
    private readonly terminal: boolean,
    private readonly usualMs: number,
    startedAt = Date.now(),
  ) {
    this.began = startedAt;
    if (!terminal) return;
    this.timer = setInterval(() => this.redraw(), redrawMs);
    this.timer.unref();
  }

  /** A piece of the raw log, which may end anywhere. */
  push(piece: string): void {
    this.show(this.text.push(piece));
  }

  /** The log has ended: what is left of it, and the progress line goes. */
  end(): void {
    clearInterval(this.timer);
    this.show(this.text.end());
    this.erase();
  }

  private show(text: string): void {
    if (text === '') return;
    this.stage = this.text.stage ?? this.stage;
    this.erase();
    this.say(text);
    this.redraw();
  }

  private redraw(): void {
    if (!this.terminal || this.timer === undefined) return;
    const line = progressLine(this.stage, Date.now() - this.began, this.usualMs);
    if (line === this.line) return;
    this.say(`${clearLine}${line}`);
    this.line = line;
  }

  private erase(): void {
    if (this.line === '') return;
    this.say(clearLine);
    this.line = '';
  }
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
