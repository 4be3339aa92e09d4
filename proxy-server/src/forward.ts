import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson } from '@coalmine/fleet/service.js';
import type { Backend } from './backends.js';
import { clientAddress, requestHeaders, responseHeaders } from './headers.js';
import { mayRetry } from './retry.js';

/** What became of a request, for the traffic figures. */
export interface Outcome {
  backend: Backend;
  /** Of the answer, ours or the backend's; 499 when the client left. */
  status: number;
  /** True when the backend gave no answer, or only half of one. */
  failed: boolean;
  /** From the request's going out to the answer's first byte, or to the failure, ms. */
  waitedMs: number;
}

export interface Forwarding {
  request: IncomingMessage;
  response: ServerResponse;
  /** The server for the next attempt, given the one that just failed; null when there is none left. */
  pick: (failed?: Backend) => Backend | null;
  onOutcome: (outcome: Outcome) => void;
  setCookie?: string;
}

/** Sends a request to a backend and its answer to the client; a failed attempt is repeated where that is safe. */
export function forward(forwarding: Forwarding): void {
  const { request, response, pick } = forwarding;
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const headers = requestHeaders(request, clientAddress(request));
  let abort: (() => void) | null = null;
  response.once('close', () => {
    if (!response.writableFinished) abort?.();
  });

  const attempt = (backend: Backend | null, attempts: number): void => {
    if (!backend) {
      response.setHeader('retry-after', '1');
      refuse(response, 503, 'no-server');
      return;
    }
    const began = performance.now();
    let answeredAt: number | null = null;
    let sent = false;
    let status = 0;
    let over = false;
    backend.inFlight += 1;
    const end = (failed: boolean): void => {
      if (over) return;
      over = true;
      backend.inFlight -= 1;
      if (failed) backend.health.failed();
      else backend.health.answered();
      const left = response.destroyed && !response.writableFinished && !failed;
      const waitedMs = (answeredAt ?? performance.now()) - began;
      forwarding.onOutcome({ backend, status: left ? 499 : status, failed, waitedMs });
    };

    backend.pool.dispatch(
      { path: request.url ?? '/', method: request.method as 'GET', headers, body: hasBody ? request : null },
      {
        onConnect(giveUp) {
          sent = true;
          abort = () => giveUp();
          if (response.destroyed) giveUp();
        },
        onHeaders(code, raw, resume) {
          if (code < 200) return true; // 100 and 103 are between us and the backend
          status = code;
          answeredAt = performance.now();
          const answer = responseHeaders(raw);
          answer.push('x-served-by', backend.name);
          if (forwarding.setCookie) answer.push('set-cookie', forwarding.setCookie);
          response.writeHead(code, answer);
          response.on('drain', resume);
          return true;
        },
        onData(chunk) {
          return response.write(chunk);
        },
        onComplete() {
          response.end();
          end(false);
        },
        onError(error: NodeJS.ErrnoException) {
          if (response.destroyed) {
            status = 499;
            end(false);
            return;
          }
          if (response.headersSent) {
            // Half an answer must not look like a whole one.
            response.destroy();
            end(true);
            return;
          }
          status = isTimeout(error) ? 504 : 502;
          end(true);
          if (mayRetry({ method: request.method ?? '', hasBody, neverSent: !sent, attempts })) {
            attempt(pick(backend), attempts + 1);
          } else {
            refuse(response, status, isTimeout(error) ? 'timeout' : (error.code ?? 'no-answer'));
          }
        },
      },
    );
  };
  attempt(pick(), 1);
}

/** An answer of the proxy's own, told apart from the app's by `x-proxy-error`. */
export function refuse(response: ServerResponse, status: number, reason: string): void {
  response.setHeader('x-proxy-error', reason);
  answerJson(response, status, { error: 'the service cannot be reached just now', reason });
}

function isTimeout(error: NodeJS.ErrnoException): boolean {
  return /TIMEOUT/.test(error.code ?? '');
}
