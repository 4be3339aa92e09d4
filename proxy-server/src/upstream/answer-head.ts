import { nominatedBy, without } from '../headers.js';

/** How long an answer's body is (RFC 9112, 6.3): so many bytes, or in chunks, or until the connection closes. */
export type BodyLength = number | 'chunked' | 'until close';

export interface AnswerHead {
  status: number;
  /** Names and values in turn, without what concerns this one connection. */
  headers: string[];
  body: BodyLength;
  /** False when no further request may be sent on this connection. */
  keepAlive: boolean;
}

/** An answer that cannot be passed on, as two readers might take it for different things. */
export class BadAnswer extends Error {
  readonly code = 'bad-answer';
}

type Meaning = 'end-to-end' | 'connection' | 'content-length' | 'transfer-encoding' | 'hop-by-hop';

const meanings = new Map<string, Meaning>([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ...(['keep-alive', 'proxy-connection', 'proxy-authenticate', 'te', 'trailer', 'upgrade'] as const).map(
    (name): [string, Meaning] => [name, 'hop-by-hop'],
  ),
]);
/** The same few names come again and again, in the same spelling. */
const bySpelling = new Map<string, Meaning>();
const spellingsAtMost = 1000;

/** Lines that end in CR LF and hold no control character but tab. */
const plain = /^(?:[\t -~\x80-\xff]*\r\n)*[\t -~\x80-\xff]*$/;
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const decimal = /^\d{1,15}$/;

/**
 * Reads an answer's head, `text` being all before the empty line, in latin1. `toHead`: it answers a HEAD request.
 * Throws BadAnswer for one that breaks the rules of RFC 9112 on framing or on what a header may hold.
 */
export function readAnswerHead(text: string, toHead: boolean): AnswerHead {
  if (!plain.test(text)) throw new BadAnswer('a control character in the head');
  const firstEnd = lineEnd(text, 0);
  const [, minor, digits] = statusLine.exec(text.slice(0, firstEnd)) ?? [];
  if (digits === undefined) throw new BadAnswer('no status line');
  const status = Number(digits);
  const headers: string[] = [];
  let connection: string | undefined;
  let length: string | undefined;
  let encoding: string | undefined;
  for (let from = firstEnd + 2; from < text.length;) {
    const end = lineEnd(text, from);
    const colon = text.indexOf(':', from);
    if (colon < 0 || colon > end) throw new BadAnswer('a header line without a colon');
    const name = text.slice(from, colon);
    const value = text.slice(text.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1, end).trim();
    switch (meaningOf(name)) {
      case 'end-to-end':
        headers.push(name, value);
        break;
      case 'connection':
        connection = connection === undefined ? value : `${connection},${value}`;
        break;
      case 'content-length':
        if ((length !== undefined && length !== value) || !decimal.test(value))
          throw new BadAnswer('an impossible Content-Length');
        if (length === undefined) headers.push(name, value);
        length = value;
        break;
      case 'transfer-encoding':
        encoding = encoding === undefined ? value : `${encoding},${value}`;
    }
    from = end + 2;
  }
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || length !== undefined))
    throw new BadAnswer('a Transfer-Encoding that leaves the length open');
  const hasNone = toHead || status < 200 || status === 204 || status === 304;
  const body = hasNone
    ? 0
    : encoding !== undefined
      ? 'chunked'
      : length === undefined
        ? 'until close'
        : Number(length);
  const named = nominatedBy(connection);
  return {
    status,
    headers: named ? without(headers, named) : headers,
    body,
    keepAlive: body !== 'until close' && minor === '1' && connection !== 'close' && !named?.has('close'),
  };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end < 0 ? text.length : end;
}

function meaningOf(name: string): Meaning {
  const known = bySpelling.get(name);
  if (known !== undefined) return known;
  if (!token.test(name)) throw new BadAnswer('a header with an impossible name');
  const meaning = meanings.get(name.toLowerCase()) ?? 'end-to-end';
  if (bySpelling.size < spellingsAtMost) bySpelling.set(name, meaning);
  return meaning;
}
