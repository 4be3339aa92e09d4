import { BadAnswer } from './answer-head.js';

const lineAtMost = 4096;
const trailersAtMost = 16_384;
const cr = 0x0d;
const lf = 0x0a;

type Place = 'size' | 'data' | 'after data' | 'trailers' | 'done';

/** Takes a chunked body apart (RFC 9112, 7.1), however it is cut into reads. Trailers are left out. */
export class Chunks {
  private place: Place = 'size';
  private line = '';
  private left = 0;
  private trailers = 0;

  get isDone(): boolean {
    return this.place === 'done';
  }

  /**
   * Hands on what `bytes` holds of the body, and returns how many of them belonged to it. Throws BadAnswer for anything
   * that is not the coding as it is written: a lone LF, a size that is no number.
   */
  read(bytes: Buffer, onData: (data: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length && this.place !== 'done') {
      if (this.place === 'data') {
        const end = Math.min(bytes.length, at + this.left);
        onData(bytes.subarray(at, end));
        this.left -= end - at;
        at = end;
        if (this.left === 0) this.place = 'after data';
        continue;
      }
      const end = bytes.indexOf(lf, at);
      this.line += bytes.toString('latin1', at, end < 0 ? bytes.length : end + 1);
      if (this.line.length > lineAtMost) throw new BadAnswer('a chunk with an endless line');
      if (end < 0) return bytes.length;
      at = end + 1;
      this.endLine();
    }
    return at;
  }

  private endLine(): void {
    const { line } = this;
    this.line = '';
    if (line.charCodeAt(line.length - 2) !== cr || line.indexOf('\r') !== line.length - 2)
      throw new BadAnswer('a chunk whose line ends wrongly');
    if (this.place === 'size') {
      const digits = /^([0-9a-f]{1,12})[ \t]*(?:;|\r)/i.exec(line)?.[1];
      if (digits === undefined) throw new BadAnswer('a chunk with an impossible size');
      this.left = Number.parseInt(digits, 16);
      this.place = this.left === 0 ? 'trailers' : 'data';
    } else if (this.place === 'after data') {
      if (line !== '\r\n') throw new BadAnswer('a chunk that is longer than it says');
      this.place = 'size';
    } else if (line === '\r\n') {
      this.place = 'done';
    } else {
      this.trailers += line.length;
      if (this.trailers > trailersAtMost) throw new BadAnswer('endless trailers');
    }
  }
}
