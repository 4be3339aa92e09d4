import { Router, type Response } from 'express';
import type { Access } from '../access.js';

const heartbeatMs = 15_000;

/** Server-sent events: one `changed` a change, with the revision and the keys of the flags that changed. */
export class ChangeStream {
  private readonly listeners = new Set<Response>();
  private readonly heartbeat = setInterval(() => this.send(': still there\n\n'), heartbeatMs).unref();

  routes(access: Access): Router {
    const router = Router();
    router.get('/changes', access.require('evaluator'), (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('retry: 500\n\n');
      this.listeners.add(response);
      response.once('close', () => this.listeners.delete(response));
    });
    return router;
  }

  changed(revision: number, flags: readonly string[]): void {
    this.send(`id: ${revision}\nevent: changed\ndata: ${JSON.stringify({ revision, flags })}\n\n`);
  }

  /** Ends all streams, so that the service can stop. */
  close(): void {
    clearInterval(this.heartbeat);
    for (const response of this.listeners) response.end();
  }

  private send(text: string): void {
    for (const response of this.listeners) response.write(text);
  }
}
