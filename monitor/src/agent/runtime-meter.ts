import { Agent, get } from 'node:http';
import type { Sample } from '@coalmine/fleet/samples.js';

type Runtime = Sample['runtime'];

const timeoutMs = 1000;
const atMostBytes = 1_000_000;

/** Asks our own service on this droplet for its `/metrics`; what it says holds until it is asked again. */
export class RuntimeMeter {
  current: Runtime = null;
  private readonly connection = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly url: string) {}

  /** Never throws: a service that does not answer is null, and other measures tell why. */
  async ask(): Promise<void> {
    this.current = this.url === '' ? null : parseRuntime(await this.fetch().catch(() => ''));
  }

  close(): void {
    this.connection.destroy();
  }

  private fetch(): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(this.url, { agent: this.connection, timeout: timeoutMs }, (response) => {
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (piece: string) => {
          text += piece;
          if (text.length > atMostBytes) request.destroy(new Error('too long'));
        });
        response.once('end', () => resolve(response.statusCode === 200 ? text : ''));
        response.once('error', reject);
      });
      request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.once('error', reject);
    });
  }
}

/** Reads prom-client's default metrics (99th percentile of the lag since it was asked last); null when not there. */
export function parseRuntime(text: string): Runtime {
  const lag = valueOf(text, 'coalmine_nodejs_eventloop_lag_p99_seconds');
  const heapBytes = valueOf(text, 'coalmine_nodejs_heap_size_used_bytes');
  if (lag === null || heapBytes === null) return null;
  return { eventLoopLagMs: Math.round(lag * 1e5) / 100, heapBytes };
}

function valueOf(text: string, name: string): number | null {
  const start = text.indexOf(`\n${name}{`);
  const line = start < 0 ? '' : text.slice(start + 1, text.indexOf('\n', start + 1) + 1 || undefined);
  const value = Number.parseFloat(line.slice(line.lastIndexOf('} ') + 2));
  return line === '' || Number.isNaN(value) || value < 0 ? null : value;
}
