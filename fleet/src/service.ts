import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Histogram, Registry } from 'prom-client';
import { Drain } from './drain.js';
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
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /**
   * The handler passes on the answers of others and writes all headers itself, the request id among them: a header
   * set beforehand would make node:http merge the two, which is slow and keeps only the last of several Set-Cookie.
   */
  ownsHeaders?: boolean;
  /** The handler keeps its own latencies and access log, where a histogram and a line for each request are too dear. */
  ownsFigures?: boolean;
  /** More operations' paths; returns true when it has answered. */
  onOperation?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Called when stopping begins: whoever took upgraded connections over ends them, before the deadline cuts them. */
  onStopping?: () => void;
}

export interface RunningService {
  readonly port: number;
  readonly server: Server;
  readonly metrics: Registry;
  stop(): Promise<void>;
}

/** systemd hands the listening socket over as file descriptor 3 when LISTEN_FDS is set for this process. */
const firstSystemdDescriptor = 3;

/**
 * The life of an HTTP service: listens (on systemd's socket if there is one), answers `/healthz` and
 * `/metrics`, gives every request an id and a log line, and on SIGTERM stops without dropping a request.
 */
export async function runService(options: ServiceOptions): Promise<RunningService> {
  const { name, log, handler } = options;
  const metrics = options.metrics ?? createMetrics(name);
  const latency = options.ownsFigures ? null : requestHistogram(metrics);
  const operations = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.url === '/healthz') {
      const health = options.health();
      const ok = health.ok && !drain.stopping;
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
    return options.onOperation?.(request, response) ?? false;
  };

  const server = createServer({ connectionsCheckingInterval: 2000 }, (request, response) => {
    drain.admit(request, response);
    if (options.operationsPort === undefined && operations(request, response)) return;
    if (latency) observe(request, response, latency, log);
    if (!options.ownsHeaders) response.setHeader('x-request-id', requestId(request));
    handler(request, response);
  });
  server.keepAliveTimeout = 65_000;
  server.headersTimeout = 10_000;
  const drain = new Drain(server, log);
  const { onUpgrade } = options;
  if (onUpgrade) {
    server.on('upgrade', (request, socket, head) => {
      drain.admitUpgraded(socket);
      onUpgrade(request, socket, head);
    });
  }
  await listen(server, options);

  const operationsServer =
    options.operationsPort === undefined
      ? undefined
      : createServer((request, response) => {
          if (!operations(request, response)) answerJson(response, 404, { error: 'not found' });
        });
  if (operationsServer) {
    const where = { port: options.operationsPort, host: options.host ?? '127.0.0.1' };
    await listenOn(operationsServer, where, 'OPERATIONS_PORT');
  }

  const { port } = (server.address() as AddressInfo | null) ?? { port: options.port };
  log.info({ port }, `${name} is listening`);

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    const { onStopping, drainMs = 10_000 } = options;
    stopped ??= drain.run(drainMs, onStopping).then(async () => {
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
  await listenOn(server, where, 'PORT');
}

function listenOn(
  server: Server,
  where: { fd: number } | { port?: number; host: string },
  setting: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const port = 'port' in where ? where.port : undefined;
      const reason =
        cause.code === 'EADDRINUSE'
          ? `port ${port} is in use: stop what listens there, or set another ${setting}`
          : cause.message;
      reject(new Error(reason, { cause }));
    });
    server.listen(where, resolve);
  });
}

function observe(
  request: IncomingMessage,
  response: ServerResponse,
  latency: Histogram<'method' | 'status'>,
  log: Logger,
): void {
  const start = performance.now();
  response.once('close', () => {
    const seconds = (performance.now() - start) / 1000;
    const status = statusOf(response);
    latency.observe({ method: request.method ?? '', status: `${Math.floor(status / 100)}xx` }, seconds);
  });
  logWhenDone(request, response, log);
}

/** Writes a request's line into the access log when its answer is out, or the client has left (499). */
export function logWhenDone(request: IncomingMessage, response: ServerResponse, log: Logger): void {
  const id = requestId(request);
  const start = performance.now();
  response.once('close', () => {
    const { method, url } = request;
    const ms = Math.round((performance.now() - start) * 10) / 10;
    log.info({ id, method, url, status: statusOf(response), ms }, 'request');
  });
}

function statusOf(response: ServerResponse): number {
  return response.writableFinished ? response.statusCode : 499;
}

/** The client's own id for a request, or a new one, which then stands in the request's headers as if it were. */
export function requestId(request: IncomingMessage): string {
  const id = (request.headers['x-request-id'] ??= randomUUID());
  return typeof id === 'string' ? id : id.join();
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
