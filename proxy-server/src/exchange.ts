import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, requestId } from '@coalmine/fleet/service.js';
import type { Backend } from './backends.js';
import type { Dispatcher } from 'undici';
import { requestHeaders, responseHeaders, type Forwarded } from './headers.js';
import { mayRetry, type RetryBudget } from './retry.js';

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
}

/** How long a client may leave us with an answer that it does not read, ms. */
const slowReaderMs = 60_000;
/** Bytes. */
const smallBody = 16_384;

/**
 * One request and its answer: from a client to a server and back, a failed attempt repeated where that is safe. It is
 * undici's handler itself, one object for each request, as this is the path that everything takes.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly hasBody: boolean;
  private readonly headers: string[];
  private backend: Backend | null = null;
  private attempts = 0;
  private began = 0;
  private answeredAt = 0;
  private status = 0;
  private sent = false;
  private clientLeft = false;
  private giveUp: (() => void) | null = null;
  private bodyLength = NaN;
  private stalled: NodeJS.Timeout | undefined;
  private readonly id: string;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly parts: ExchangeParts,
  ) {
    const { headers } = request;
    this.hasBody =
      headers['transfer-encoding'] !== undefined ||
      (headers['content-length'] !== undefined && headers['content-length'] !== '0');
    this.id = requestId(request);
    this.headers = requestHeaders(request, parts.forwarded);
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
    backend.pool.dispatch(
      {
        path: this.request.url ?? '/',
        method: this.request.method as Dispatcher.HttpMethod,
        headers: this.headers,
        body: this.hasBody ? this.request : null,
      },
      this,
    );
  }

  onConnect(abort: () => void): void {
    this.sent = true;
    this.giveUp = abort;
    if (this.clientLeft) abort();
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    if (status < 200) return true; // 100 and 103 are between us and the server
    const { response, parts } = this;
    this.status = status;
    this.answeredAt = performance.now();
    const headers = responseHeaders(raw);
    headers.push('x-served-by', this.backend?.name ?? '', 'x-request-id', this.id);
    if (parts.setCookie !== undefined) headers.push('set-cookie', parts.setCookie);
    this.bodyLength = Number(lengthIn(headers));
    response.writeHead(status, headers);
    response.on('drain', () => {
      clearTimeout(this.stalled);
      resume();
    });
    return true;
  }

  onData(chunk: Buffer): boolean {
    const { response } = this;
    if (chunk.length <= smallBody && chunk.length === this.bodyLength) {
      // All of a small body: as text, it goes out with the headers in one plain write, which is far cheaper.
      response.end(chunk.toString('latin1'), 'latin1');
      return true;
    }
    if (response.write(chunk)) return true;
    clearTimeout(this.stalled);
    this.stalled = setTimeout(() => this.response.destroy(), slowReaderMs);
    return false;
  }

  onComplete(): void {
    if (!this.response.writableEnded) this.response.end();
    this.end(false);
  }

  onError(error: NodeJS.ErrnoException): void {
    if (this.clientLeft || this.request.errored) {
      this.status = 499;
      this.end(false);
      if (!this.response.destroyed) this.response.destroy();
    } else if (this.response.headersSent) {
      // Half an answer must not look like a whole one.
      this.end(true);
      this.response.destroy();
    } else if (isClientsFault(error)) {
      this.status = 400;
      this.end(false);
      this.refuse(400, 'bad-request');
    } else {
      this.failed(error);
    }
  }

  private failed(error: NodeJS.ErrnoException): void {
    const timedOut = error.code?.includes('TIMEOUT') === true;
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
    this.giveUp = null;
    clearTimeout(this.stalled);
    backend.inFlight -= 1;
    if (failed) backend.health.failed();
    else if (this.status !== 499 && this.status !== 400) backend.health.answered();
    this.parts.onOutcome({ backend, status: this.status, failed, waitedMs });
  }

  private clientClosed(): void {
    if (this.response.writableFinished) return;
    this.clientLeft = true;
    this.giveUp?.();
  }

  private refuse(status: number, reason: string): void {
    if (status === 503) this.response.setHeader('retry-after', '1');
    this.response.setHeader('x-request-id', this.id);
    refuse(this.response, status, reason);
  }
}

function lengthIn(headers: readonly string[]): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    if (name.length === 14 && name.toLowerCase() === 'content-length') return headers[index + 1];
  }
  return undefined;
}

/** An answer of the proxy's own, told apart from the app's by `x-proxy-error`. */
export function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent || response.destroyed) return;
  response.setHeader('x-proxy-error', reason);
  const error = status < 500 ? 'the request is not valid' : 'the service cannot be reached just now';
  answerJson(response, status, { error, reason });
}

/** The request itself was impossible to send, whatever the server. */
function isClientsFault({ code }: NodeJS.ErrnoException): boolean {
  return code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH';
}
