import { readAnswerHead } from '../src/upstream/answer-head.js';

const head = (...lines: string[]): string => lines.join('\r\n');
const ok = 'HTTP/1.1 200 OK';

describe('an answer’s head', () => {
  it('gives the status, the headers as they are written, and how long the body is', () => {
    const lines = [ok, 'Content-Type: text/plain', 'content-length:5 ', 'Set-Cookie: a=1', 'set-cookie: b=2'];
    expect(readAnswerHead(head(...lines), false)).toEqual({
      status: 200,
      headers: [
        'Content-Type',
        'text/plain',
        'content-length',
        '5',
        'Set-Cookie',
        'a=1',
        'set-cookie',
        'b=2',
      ],
      body: 5,
      keepAlive: true,
    });
  });

  it('leaves out what concerns one connection only, and what its Connection header names', () => {
    const lines = [
      ok,
      'Connection: keep-alive, X-Hop',
      'Keep-Alive: timeout=5',
      'x-hop: 1',
      'Trailer: t',
      'x: 1',
    ];
    expect(readAnswerHead(head(...lines, 'Content-Length: 0'), false).headers).toEqual([
      ...['x', '1', 'Content-Length', '0'],
    ]);
  });

  it('knows how the body ends (RFC 9112, 6.3)', () => {
    const length = (status: number, lines: string[], toHead = false) =>
      readAnswerHead(head(`HTTP/1.1 ${status} x`, ...lines), toHead).body;
    expect(length(200, ['Transfer-Encoding: chunked'])).toBe('chunked');
    expect(length(200, [])).toBe('until close');
    expect(length(200, ['Content-Length: 7'], true)).toBe(0);
    expect(length(204, [])).toBe(0);
    expect(length(304, ['Content-Length: 7'])).toBe(0);
    expect(length(103, ['Link: x'])).toBe(0);
  });

  it('keeps the connection only where another request may follow', () => {
    const keeps = (...lines: string[]) => readAnswerHead(head(...lines), false).keepAlive;
    expect(keeps(ok, 'Content-Length: 0')).toBeTrue();
    expect(keeps(ok, 'Content-Length: 0', 'Connection: close')).toBeFalse();
    expect(keeps(ok, 'Content-Length: 0', 'Connection: x, Close')).toBeFalse();
    expect(keeps('HTTP/1.0 200 OK', 'Content-Length: 0')).toBeFalse();
    expect(keeps(ok)).toBeFalse();
  });

  for (const [what, lines] of [
    ['a length twice, differently', [ok, 'Content-Length: 5', 'Content-Length: 6']],
    ['a length that is no number', [ok, 'Content-Length: +5']],
    ['two lengths in one', [ok, 'Content-Length: 5, 5']],
    ['both a length and chunks', [ok, 'Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['a coding that it cannot undo', [ok, 'Transfer-Encoding: gzip, chunked']],
    ['a folded line', [ok, 'x: 1', ' 2']],
    ['a space before the colon', [ok, 'x : 1']],
    ['a line with no colon', [ok, 'x']],
    ['a lone LF', [ok, 'x: 1\ny: 2']],
    ['a lone CR', [ok, 'x: 1\ry: 2']],
    ['a zero byte', [ok, 'x: \0']],
    ['another protocol', ['SSH-2.0-OpenSSH', 'x: 1']],
    ['a status of four digits', ['HTTP/1.1 2000 x']],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => readAnswerHead(head(...lines), false)).toThrowMatching(
        ({ code }: { code?: string }) => code === 'bad-answer',
      );
    });
  }
});
