import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { BadAnswer, readAnswerHead, type AnswerHead } from './answer-head.js';
import { Chunks } from './chunks.js';
import { RequestBody } from './request-body.js';
import { writeInTurn, type Writer } from '../turn.js';

/** A request as it goes out. */
export interface Outgoing {
  /** Request line and headers, with the empty line behind them, in latin1. */
  head: string;
  isHead: boolean;
  /** Where the body comes from; null for none. */
  body: IncomingMessage | null;
  /** Bytes of a body; 0: as large as it comes. */
  bodyAtMost: number;
}

/** Who asked. Of `onEnd` and `onError` one is called, and once; neither after `abort`. */
export interface Asker {
  /** From now on the server may have seen the request. */
  onSent(): void;
  /** The whole of a short answer at once, its body in latin1. */
  onAnswer(head: AnswerHead, body: string): void;
  onHead(head: AnswerHead): void;
  /** A piece of the body, to keep. False: no more for now, until `resume`. */
  onBody(data: Buffer): boolean;
  onEnd(): void;
  onError(error: NodeJS.ErrnoException): void;
}

export interface Times {
  connectMs: number;
  /** Until the answer begins; also how long a connection is kept that nobody uses. */
  answerMs: number;
  /** Between two pieces of an answer. */
  bodyMs: number;
  /** Between two pieces of a client's body. */
  clientMs: number;
}

/** What becomes of a connection, for whoever keeps them. */
export interface Keeper {
  onFree(connection: Connection): void;
  onGone(connection: Connection): void;
}

const headAtMost = 65_536;

/** All connections read into this: what they read is taken out of it before anything else is read. */
const shared = Buffer.allocUnsafeSlow(65_536);

/** One connection to a server, on which one request at a time is out. */
export class Connection implements Writer {
  private readonly socket: Socket;
  private asker: Asker | null = null;
  private outgoing: Outgoing | null = null;
  private sending: RequestBody | null = null;
  private isConnected = false;
  /** Of a head that has not come whole. */
  private headText = '';
  private head: AnswerHead | null = null;
  private left = 0;
  private chunks: Chunks | null = null;
  private wantsMore = true;
  private silentMs = 0;
  private writtenBefore = 0;

  constructor(
    host: string,
    port: number,
    private readonly times: Times,
    private readonly keeper: Keeper,
  ) {
    const callback = (length: number): boolean => this.read(length);
    this.socket = connect({ host, port, noDelay: true, onread: { buffer: shared, callback } });
    this.socket.setTimeout(times.connectMs);
    this.socket.on('connect', () => this.connected());
    this.socket.on('timeout', () => this.silent());
    this.socket.on('end', () => this.ended());
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => {
      this.fail(problem('ECONNRESET', 'the server closed the connection'));
      this.keeper.onGone(this);
    });
  }

  /** Sends a request; the asker is told what comes of it. Only for a connection that is free. */
  ask(outgoing: Outgoing, asker: Asker): void {
    this.asker = asker;
    this.outgoing = outgoing;
    this.silentMs = 0;
    this.wantsMore = true;
    writeInTurn(this);
  }

  write(): void {
    const { asker, outgoing, socket } = this;
    if (!asker || !outgoing || socket.destroyed) return;
    socket.write(outgoing.head, 'latin1');
    if (outgoing.body)
      this.sending = new RequestBody(outgoing.body, socket, outgoing.bodyAtMost, () => {
        this.fail(problem('body-too-large', 'the body is too large'));
        this.close();
      });
    if (this.isConnected) asker.onSent();
  }

  /** The asker wants no answer any more. */
  abort(asker: Asker): void {
    if (this.asker !== asker) return;
    this.asker = null;
    this.close();
  }

  resume(asker: Asker): void {
    if (this.asker !== asker || this.wantsMore) return;
    this.wantsMore = true;
    this.silentMs = 0; // while it waited, nobody asked the server for anything
    this.socket.setTimeout(this.times.answerMs);
    this.socket.resume();
  }

  close(): void {
    this.sending?.stop();
    this.socket.destroy();
  }

  private connected(): void {
    this.isConnected = true;
    this.socket.setTimeout(this.times.answerMs);
    this.asker?.onSent();
  }

  /** Nothing went either way for a while. */
  private silent(): void {
    const { asker, times } = this;
    const { bytesWritten } = this.socket;
    if (bytesWritten > this.writtenBefore) this.silentMs = 0;
    this.writtenBefore = bytesWritten;
    this.silentMs += this.isConnected ? times.answerMs : times.connectMs;
    const { atMostMs, code, what } = this.awaited();
    if (asker && (this.silentMs < atMostMs || !this.wantsMore)) {
      this.socket.setTimeout(times.answerMs);
      return;
    }
    this.fail(problem(code, what));
    this.close();
  }

  /** What is to come next, how long that may take, and what it is called when it does not. */
  private awaited(): { atMostMs: number; code: string; what: string } {
    const { head, isConnected, sending, times } = this;
    if (!isConnected)
      return {
        atMostMs: times.connectMs,
        code: 'connect-timeout',
        what: 'the server does not accept the connection',
      };
    if (head === null && sending?.isAwaited)
      return { atMostMs: times.clientMs, code: 'client-timeout', what: 'the client stopped in its body' };
    const isUnderWay = head !== null || sending?.isDone === false;
    const atMostMs = isUnderWay ? times.bodyMs : times.answerMs;
    return { atMostMs, code: 'timeout', what: 'the server does not answer' };
  }

  private ended(): void {
    if (this.head?.body === 'until close') this.finish(false);
    else this.fail(problem('ECONNRESET', 'the server closed the connection before its answer was whole'));
    this.close();
  }

  private fail(error: NodeJS.ErrnoException): void {
    const { asker } = this;
    this.asker = null;
    this.sending?.stop();
    asker?.onError(error);
  }

  private read(length: number): boolean {
    this.silentMs = 0;
    try {
      this.take(length);
    } catch (error) {
      if (!(error instanceof BadAnswer)) throw error;
      this.fail(error);
      this.close();
    }
    return this.wantsMore;
  }

  private take(length: number): void {
    let from = 0;
    while (this.head === null) {
      if (this.asker === null) throw new BadAnswer('an answer that nobody asked for');
      const text = this.headText + shared.toString('latin1', from, length);
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) {
        if (text.length > headAtMost) throw new BadAnswer('an endless head');
        this.headText = text;
        return;
      }
      from += end + 4 - this.headText.length;
      this.headText = '';
      const head = readAnswerHead(text.slice(0, end), this.outgoing?.isHead === true);
      if (head.status === 101) throw new BadAnswer('an upgrade that nobody asked for');
      if (head.status < 200) continue; // 100 and 103 are between us and the server
      if (head.body === text.length - end - 4) {
        const { asker } = this;
        this.free(head.keepAlive);
        asker.onAnswer(head, text.slice(end + 4));
        return;
      }
      this.begin(head);
    }
    this.takeBody(shared.subarray(from, length), this.head);
  }

  private begin(head: AnswerHead): void {
    this.head = head;
    this.left = typeof head.body === 'number' ? head.body : 0;
    this.chunks = head.body === 'chunked' ? new Chunks() : null;
    this.asker?.onHead(head);
  }

  private takeBody(bytes: Buffer, { body, keepAlive }: AnswerHead): void {
    const hand = (data: Buffer): void => {
      if (this.asker?.onBody(Buffer.from(data)) === false) this.wantsMore = false;
    };
    if (body === 'until close') {
      if (bytes.length > 0) hand(bytes);
      return;
    }
    let own: number;
    if (this.chunks) own = this.chunks.read(bytes, hand);
    else {
      own = Math.min(this.left, bytes.length);
      if (own > 0) hand(bytes.subarray(0, own));
      this.left -= own;
    }
    if (this.chunks ? this.chunks.isDone : this.left === 0) this.finish(keepAlive && own === bytes.length);
  }

  /** The answer is whole. */
  private finish(keepAlive: boolean): void {
    const { asker } = this;
    this.free(keepAlive);
    asker?.onEnd();
  }

  private free(keepAlive: boolean): void {
    const isSent = this.sending?.isDone !== false;
    this.asker = null;
    this.head = null;
    this.chunks = null;
    this.sending?.stop();
    this.sending = null;
    if (!this.wantsMore) {
      this.wantsMore = true;
      this.socket.resume();
    }
    if (keepAlive && isSent) this.keeper.onFree(this);
    else this.close();
  }
}

function problem(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
