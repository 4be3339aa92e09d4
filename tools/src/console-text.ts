const timestamp = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] ?/;
const stageStart = /^\[Pipeline\] \{ \((.+)\)$/;

/**
 * Jenkins' log as a person reads it in a terminal: no timestamps, of the pipeline's own lines only the stages.
 * Takes the log as it comes, in pieces that end anywhere.
 */
export class ConsoleText {
  private rest = '';
  /** The stage that began last; null before the first. */
  stage: string | null = null;

  /** What is to be shown of the next piece. */
  push(piece: string): string {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop() ?? '';
    return lines.map((line) => this.readable(line)).join('');
  }

  /** What is left when the log has ended. */
  end(): string {
    const last = this.rest;
    this.rest = '';
    return last ? this.readable(last) : '';
  }

  private readable(line: string): string {
    const text = line.replace(timestamp, '').trimEnd();
    const stage = stageStart.exec(text)?.[1];
    if (stage !== undefined) {
      if (stage.startsWith('Declarative:') || stage.startsWith('Branch:')) return '';
      this.stage = stage;
      return `▸ ${stage}\n`;
    }
    return text.startsWith('[Pipeline]') ? '' : `${text}\n`;
  }
}
