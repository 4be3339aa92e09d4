import fc from 'fast-check';
import { Chunks } from '../src/upstream/chunks.js';

/** What the reads in turn give, and how many bytes belonged to the body. */
function read(reads: readonly Buffer[]): { body: string; own: number; isDone: boolean } {
  const chunks = new Chunks();
  const data: Buffer[] = [];
  let own = 0;
  for (const bytes of reads) own += chunks.read(bytes, (piece) => data.push(Buffer.from(piece)));
  return { body: Buffer.concat(data).toString('latin1'), own, isDone: chunks.isDone };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

describe('a body in chunks', () => {
  it('comes out whole, however it was cut into chunks and reads, and what follows it is not its own', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    const extension = fc.constantFrom('', ';a=1', ' ; b="c"');
    const trailers = fc.constantFrom('', 'Digest: x\r\n');
    const after = fc.constantFrom('', 'HTTP/1.1 200 OK\r\n');
    fc.assert(
      fc.property(
        ...[pieces, extension, trailers, after, fc.array(fc.nat(), { maxLength: 12 })],
        (parts, more, last, next, places) => {
          const size = (part: Uint8Array) => `${part.length.toString(16)}${more}\r\n`;
          const coded = Buffer.concat([
            ...parts.flatMap((part) => [Buffer.from(size(part)), part, Buffer.from('\r\n')]),
            Buffer.from(`0\r\n${last}\r\n`),
          ]);
          expect(read(cut(Buffer.concat([coded, Buffer.from(next)]), places))).toEqual({
            body: Buffer.concat(parts).toString('latin1'),
            own: coded.length,
            isDone: true,
          });
        },
      ),
    );
  });

  for (const [what, text] of [
    ['a size that is no number', 'x\r\n'],
    ['a negative size', '-1\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n'],
    ['no size', '\r\n'],
    ['a lone LF', '5\nhello\r\n'],
    ['a CR within the line', '5\r;\r\nhello\r\n'],
    ['more than the size says', '5\r\nhello!\r\n'],
    ['an endless line', `5;${'a'.repeat(5000)}`],
    ['endless trailers', `0\r\n${'a: b\r\n'.repeat(4000)}`],
  ] as const) {
    it(`is refused with ${what}`, () => {
      expect(() => read([Buffer.from(text)])).toThrowMatching(
        ({ code }: { code?: string }) => code === 'bad-answer',
      );
    });
  }
});
