import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, requestId } from '@coalmine/fleet/service.js';
import type { Backend } from './backends.js';
import { requestHead, type Forwarded } from './headers.js';
import { mayRetry, type RetryBudget } from './retry.js';
import type { AnswerHead } from './upstream/answer-head.js';
import { writeInTurn, type Writer } from './turn.js';
import type { Asker } from './upstream/connection.js';

/** What became of one attempt on a server, for the figures. */
export interface Outcome {
  backend: Backend;
  /** Of the answer, ours or the server's; 499 when the client left. */
  status: number;
  /** True when the server gave no answer, or only half of one. */
  failed: boolean;
  /** From the request's going out to the answer's first byte, or to the failure, ms. */
  waitedMs: number;
}

/** What an exchange needs of the proxy. */
export interface ExchangeParts {
  /** The server for the next attempt, given the one that just failed; null when there is none left. */
  pick: (failed: Backend | null) => Backend | null;
  forwarded: Forwarded;
  budget: RetryBudget;
  onOutcome: (outcome: Outcome) => void;
  setCookie: string | undefined;
  /** Bytes of the request's body; 0: as large as it comes. */
  bodyAtMost: number;
}

/** What the client does wrong with its body, as an answer of ours says it; the server is not to blame. */
const clientFaults: Readonly<Record<string, number>> = { 'body-too-large': 413, 'client-timeout': 408 };

/** How long a client may leave us with an answer that it does not read, ms. */
const slowReaderMs = 60_000;
/** One request and its answer: from a client to a server and back, a failed attempt repeated where that is safe. */
export class Exchange implements Asker, Writer {
  private readonly hasBody: boolean;
  private backend: Backend | null = null;
  private attempts = 0;
  private began = 0;
  private answeredAt = 0;
  private status = 0;
  private sent = false;
  private answer: AnswerHead | null = null;
  private body = '';
  private stalled: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly parts: ExchangeParts,
  ) {
    const { headers } = request;
    this.hasBody =
      headers['transfer-encoding'] !== undefined ||
      (headers['content-length'] !== undefined && headers['content-length'] !== '0');
    response.on('close', () => this.clientClosed());
  }

  /** Sends the request to a server: the first, or after a failure the next. */
  attempt(): void {
    const backend = this.parts.pick(this.backend);
    if (!backend) {
      this.refuse(503, 'no-server');
      return;
    }
    this.attempts += 1;
    this.backend = backend;
    this.sent = false;
    this.answeredAt = 0;
    this.status = 0;
    backend.inFlight += 1;
    this.began = performance.now();
    backend.connections.ask(
      {
        head: requestHead(this.request, this.parts.forwarded, backend.host),
        isHead: this.request.method === 'HEAD',
        body: this.hasBody ? this.request : null,
        bodyAtMost: this.parts.bodyAtMost,
      },
      this,
    );
  }

  onSent(): void {
    this.sent = true;
  }

  onAnswer(head: AnswerHead, body: string): void {
    this.answer = head;
    this.body = body;
    writeInTurn(this);
  }

  /** The short answer. As text its body goes out with the headers in one plain write, which is far cheaper. */
  write(): void {
    if (!this.answer || this.began === 0) return;
    this.writeHead(this.answer);
    this.response.end(this.body, 'latin1');
    this.end(false);
  }

  onHead(head: AnswerHead): void {
    const { response, backend } = this;
    this.writeHead(head);
    response.on('drain', () => {
      clearTimeout(this.stalled);
      backend?.connections.resume(this);
    });
  }

  onBody(data: Buffer): boolean {
    if (this.response.write(data)) return true;
    clearTimeout(this.stalled);
    this.stalled = setTimeout(() => this.response.destroy(), slowReaderMs);
    return false;
  }

  onEnd(): void {
    this.response.end();
    this.end(false);
  }

  onError(error: NodeJS.ErrnoException): void {
    const fault = clientFaults[error.code ?? ''];
    if (this.response.headersSent) {
      // Half an answer must not look like a whole one.
      this.end(fault === undefined);
      this.response.destroy();
    } else if (fault !== undefined) {
      this.status = fault;
      this.end(false);
      this.response.shouldKeepAlive = false;
      this.refuse(fault, error.code ?? '');
    } else {
      this.failed(error);
    }
  }

  private writeHead({ status, headers }: AnswerHead): void {
    const { backend, parts, request, response } = this;
    this.status = status;
    this.answeredAt = performance.now();
    headers.push('x-served-by', backend?.name ?? '', 'x-request-id', requestId(request));
    if (parts.setCookie !== undefined) headers.push('set-cookie', parts.setCookie);
    response.writeHead(status, headers);
  }

  private failed(error: NodeJS.ErrnoException): void {
    const timedOut = error.code?.includes('timeout') === true || error.code === 'ETIMEDOUT';
    this.status = timedOut ? 504 : 502;
    this.end(true);
    const { method = '' } = this.request;
    const attempt = { method, hasBody: this.hasBody, neverSent: !this.sent, attempts: this.attempts };
    if (mayRetry(attempt) && this.parts.budget.take()) {
      this.attempt();
    } else {
      this.refuse(this.status, timedOut ? 'timeout' : (error.code ?? 'no-answer').toLowerCase());
    }
  }

  private end(failed: boolean): void {
    const { backend } = this;
    if (!backend || this.began === 0) return;
    const waitedMs = (this.answeredAt || performance.now()) - this.began;
    this.began = 0;
    clearTimeout(this.stalled);
    backend.inFlight -= 1;
    if (failed) backend.health.failed();
    else if (this.answeredAt > 0) backend.health.answered();
    this.parts.onOutcome({ backend, status: this.status, failed, waitedMs });
  }

  private clientClosed(): void {
    const { backend } = this;
    if (this.response.writableFinished || !backend || this.began === 0) return;
    backend.connections.abort(this);
    this.status = 499;
    this.end(false);
  }

  private refuse(status: number, reason: string): void {
    if (status === 503) this.response.setHeader('retry-after', '1');
    this.response.setHeader('x-request-id', requestId(this.request));
    refuse(this.response, status, reason);
  }
}

/** An answer of the proxy's own, told apart from the app's by `x-proxy-error`. */
export function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent || response.destroyed) return;
  response.setHeader('x-proxy-error', reason);
  const error = status < 500 ? 'the request is not valid' : 'the service cannot be reached just now';
  answerJson(response, status, { error, reason });
}
