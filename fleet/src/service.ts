import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Histogram, Registry } from 'prom-client';
import { createMetrics, requestHistogram } from './metrics.js';

export interface Health {
  ok: boolean;
  [detail: string]: unknown;
}

export interface ServiceOptions {
  name: string;
  handler: RequestListener;
  log: Logger;
  port: number;
  host?: string;
  /** What `/healthz` says; 200 when ok, 503 otherwise. While stopping it is always 503. */
  health: () => Health;
  metrics?: Registry;
  /** Called when the last request is done, or the deadline has passed. */
  onStop?: () => Promise<void> | void;
  /** How long requests in flight may take after SIGTERM, in ms. */
  drainMs?: number;
  /** The operations' paths on a port of their own, for a service whose own paths belong to others (the proxy). */
  operationsPort?: number;
  /** Upgrades (WebSocket), which node:http hands over outside the handler. */
  onUpgrade?: (request: IncomingMessage, socket: import('node:stream').Duplex, head: Buffer) => void;
}

export interface RunningService {
  readonly port: number;
  readonly server: Server;
  readonly metrics: Registry;
  stop(): Promise<void>;
}

/** systemd hands the listening socket over as file descriptor 3 when LISTEN_FDS is set for this process. */
const firstSystemdDescriptor = 3;

const idleGraceMs = 100;

/**
 * The life of an HTTP service: listens (on systemd's socket if there is one), answers `/healthz` and
 * `/metrics`, gives every request an id and a log line, and on SIGTERM stops without dropping a request.
 */
export async function runService(options: ServiceOptions): Promise<RunningService> {
  const { name, log, handler } = options;
  const metrics = options.metrics ?? createMetrics(name);
  const latency = requestHistogram(metrics);
  const life = { stopping: false };

  const operations = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.url === '/healthz') {
      const health = options.health();
      const ok = health.ok && !life.stopping;
      answerJson(response, ok ? 200 : 503, {
        ...health,
        ok,
        service: name,
        release: process.env.COALMINE_RELEASE,
      });
      return true;
    }
    if (request.url === '/metrics') {
      void metrics.metrics().then((text) => {
        response.setHeader('content-type', metrics.contentType);
        response.end(text);
      });
      return true;
    }
    return false;
  };

  const server = createServer((request, response) => {
    if (life.stopping) response.setHeader('connection', 'close');
    if (options.operationsPort === undefined && operations(request, response)) return;
    observe(request, response, latency, log);
    handler(request, response);
  });
  server.keepAliveTimeout = 65_000;
  server.headersTimeout = 10_000;
  if (options.onUpgrade) server.on('upgrade', options.onUpgrade);
  await listen(server, options);

  const operationsServer =
    options.operationsPort === undefined
      ? undefined
      : createServer((request, response) => {
          if (!operations(request, response)) answerJson(response, 404, { error: 'not found' });
        });
  if (operationsServer) {
    await listenOn(
      operationsServer,
      { port: options.operationsPort, host: options.host ?? '127.0.0.1' },
      name,
    );
  }

  const { port } = (server.address() as AddressInfo | null) ?? { port: options.port };
  log.info({ port }, `${name} is listening`);

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= drain(server, life, options.drainMs ?? 10_000, log).then(async () => {
      operationsServer?.close();
      operationsServer?.closeAllConnections();
      await options.onStop?.();
    });
    return stopped;
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal }, `${name} is stopping`);
    void stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  return {
    port,
    server,
    metrics,
    stop: async () => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      await stop();
    },
  };
}

/** Answers with JSON, with its length, so that keep-alive clients need no chunking. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function listen(server: Server, options: ServiceOptions): Promise<void> {
  const handedOver = process.env.LISTEN_FDS === '1' && process.env.LISTEN_PID === String(process.pid);
  const where = handedOver
    ? { fd: firstSystemdDescriptor }
    : { port: options.port, host: options.host ?? '127.0.0.1' };
  await listenOn(server, where, options.name);
}

function listenOn(
  server: Server,
  where: { fd: number } | { port?: number; host: string },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const port = 'port' in where ? where.port : undefined;
      const reason =
        cause.code === 'EADDRINUSE'
          ? `port ${port} is in use: stop what listens there, or set another PORT`
          : cause.message;
      reject(new Error(`${name}: ${reason}`, { cause }));
    });
    server.listen(where, resolve);
  });
}

/**
 * Stops accepting, answers what is in flight with `Connection: close`, then closes idle connections, and after
 * the deadline the rest. Idle connections get a moment's grace first: a client may be sending on one just now,
 * and would take the close for a lost request. (`http.Server.close` gives none, so the socket alone is closed.)
 */
async function drain(
  server: Server,
  life: { stopping: boolean },
  deadlineMs: number,
  log: Logger,
): Promise<void> {
  life.stopping = true;
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  let sweep: NodeJS.Timeout | undefined;
  const grace = setTimeout(() => {
    server.closeIdleConnections();
    sweep = setInterval(() => server.closeIdleConnections(), 20);
  }, idleGraceMs);
  const deadline = setTimeout(() => {
    log.warn({ deadlineMs }, 'requests still in flight at the deadline are cut');
    server.closeAllConnections();
  }, deadlineMs);
  await closed;
  for (const timer of [grace, sweep, deadline]) clearTimeout(timer);
}

function observe(
  request: IncomingMessage,
  response: ServerResponse,
  latency: Histogram<'method' | 'status'>,
  log: Logger,
): void {
  const id = (request.headers['x-request-id'] ??= randomUUID());
  response.setHeader('x-request-id', id);
  const start = process.hrtime.bigint();
  response.once('close', () => {
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const status = response.writableFinished ? response.statusCode : 499;
    latency.observe({ method: request.method ?? '', status: `${Math.floor(status / 100)}xx` }, seconds);
    log.info(
      { id, method: request.method, url: request.url, status, ms: Math.round(seconds * 1e4) / 10 },
      'request',
    );
  });
}

/** Runs a service's start; a failure becomes one clear line per cause and exit code 1. */
export async function runOrExplain(name: string, start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (error) {
    for (const line of (error as Error).message.split('\n')) process.stderr.write(`${name}: ${line}\n`);
    process.exit(1);
  }
}
