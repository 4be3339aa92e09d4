import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Refused } from '@coalmine/fleet/orders.js';
import type { Logger } from 'pino';
import { isCrossSite, isOperator, isOwnName } from './access.js';
import type { Asset } from './assets.js';
import type { Feed } from './feed.js';
import { orderSchema, type Orders } from './orders.js';

export interface HandlerParts {
  assets: ReadonlyMap<string, Asset>;
  feed: Feed;
  orders: Orders;
  /** SHA-256 of the operator's token, hex; empty: no orders from here. */
  tokenSha256: string;
  /** Names, beside addresses and localhost, under which the page is served. */
  names: readonly string[];
  log: Logger;
}

const maxBody = 4096;
const maxWatchers = 100;
/** A watcher that takes nothing any more is let go when so many bytes wait for it. */
const maxBacklog = 4_000_000;
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** The dashboard's paths: `/` and its files, `/stream` (server-sent events), `/orders` (POST, for operators). */
export function dashboardHandler(parts: HandlerParts): RequestListener & { close(): void } {
  const streams = new Set<ServerResponse>();
  let closing = false;
  const handle: RequestListener = (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (!isOwnName(request.headers.host, parts.names)) {
      answer(response, 421, { error: 'not under this name: use the address, or set DASHBOARD_NAMES' });
    } else if (path === '/orders') void takeOrder(parts, request, response);
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, { error: 'GET only' });
    } else if (closing && path === '/stream') answer(response, 503, { error: 'stopping' });
    else if (path === '/stream') void stream(parts, streams, response);
    else serve(parts.assets.get(path), request, response);
  };
  return Object.assign(handle, {
    close: () => {
      closing = true;
      for (const response of streams) response.end();
    },
  });
}

function serve(asset: Asset | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (!asset) return answer(response, 404, { error: 'nothing here' });
  response.setHeader('etag', asset.etag).setHeader('cache-control', 'no-cache');
  if (request.headers['if-none-match'] === asset.etag) response.writeHead(304).end();
  else {
    response.writeHead(200, { 'content-type': asset.type, 'content-length': asset.body.length });
    response.end(request.method === 'HEAD' ? undefined : asset.body);
  }
}

async function stream(
  { feed }: HandlerParts,
  streams: Set<ServerResponse>,
  response: ServerResponse,
): Promise<void> {
  if (streams.size >= maxWatchers) return answer(response, 503, { error: 'too many are watching' });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 1000\n\n');
  streams.add(response);
  const stopWatching = await feed.watch((message) => {
    if (response.writableLength > maxBacklog) response.destroy();
    else response.write(`data: ${message}\n\n`);
  });
  const leave = (): void => {
    streams.delete(response);
    stopWatching();
  };
  if (response.closed || response.destroyed) leave();
  else response.once('close', leave);
}

async function takeOrder(
  { tokenSha256, orders, log }: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return answer(response, 405, { error: 'POST only' });
  if (isCrossSite(request)) return answer(response, 403, { error: 'not from a page of another site' });
  if (!isOperator(request, tokenSha256)) {
    response.setHeader('www-authenticate', 'Bearer realm="coalmine dashboard"');
    const error = tokenSha256 ? 'this needs the operator’s token' : 'no operator’s token is configured here';
    return answer(response, 401, { error });
  }
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    return answer(response, 415, { error: 'send application/json' });
  }
  try {
    const order = orderSchema.safeParse(await bodyOf(request));
    if (!order.success) {
      const [issue] = order.error.issues;
      return answer(response, 400, { error: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` });
    }
    const done = await orders.give(order.data);
    log.info({ order: order.data }, 'an operator’s order');
    answer(response, 200, { done });
  } catch (error) {
    if (error instanceof Refused) answer(response, 409, { error: error.message, wayOut: error.wayOut });
    else if (error instanceof SyntaxError || error instanceof RangeError)
      answer(response, 400, { error: error.message });
    else {
      log.warn({ err: error }, 'an order was not carried out');
      answer(response, 502, { error: `not carried out: ${(error as Error).message}` });
    }
  }
}

/** Throws a SyntaxError for what is no JSON, a RangeError for too much of it. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBody) throw new RangeError(`an order has at most ${maxBody} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function answer(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}
