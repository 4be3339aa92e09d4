import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { openFleet } from './fleet.js';
import { poolOf } from './plan.js';
import { Problem } from './problem.js';
import { openProject } from './project.js';
import { readSecrets } from './secrets.js';
import { withTunnel } from './tunnel.js';

const servicePort = 3001;
const longestWaitMs = 10_000;

/** What the service says went wrong. */
const refusalSchema = z.object({
  error: z.string().optional(),
  errorDetails: z.string().optional(),
  mistakes: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
});

export interface Wanted {
  body?: unknown;
  /** The entity tag of the version that may be replaced; `*` any. */
  match?: string;
  why?: string | undefined;
  query?: Record<string, string | undefined>;
}

/** The flag service by its REST, as an editor. */
export class FlagService {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {}

  /** Asks, and reads the answer. Throws a Problem with the service's own reasons when it says no. */
  async ask<T>(schema: z.ZodType<T>, method: string, path: string, wanted: Wanted = {}): Promise<T> {
    const response = await this.send(method, path, wanted);
    const text = await response.text();
    const body: unknown = text === '' ? {} : JSON.parse(text);
    if (!response.ok) throw refusal(response.status, body);
    return schema.parse(body);
  }

  /** The same, null where there is nothing of that name. */
  async find<T>(schema: z.ZodType<T>, path: string, wanted: Wanted = {}): Promise<T | null> {
    const response = await this.send('GET', path, wanted);
    const body: unknown = await response.json();
    if (response.status === 404) return null;
    if (!response.ok) throw refusal(response.status, body);
    return schema.parse(body);
  }

  /** Waits until it answers: a tunnel takes a moment. Throws a Problem when it does not. */
  async answering(): Promise<this> {
    for (const deadline = Date.now() + longestWaitMs; ; await sleep(50)) {
      try {
        await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(2000) });
        return this;
      } catch (cause) {
        if (Date.now() > deadline)
          throw new Problem(`The flag service does not answer at ${this.url}`, 'coalmine status', { cause });
      }
    }
  }

  private async send(method: string, path: string, wanted: Wanted): Promise<Response> {
    const { body, match, why, query = {} } = wanted;
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
    return fetch(url, {
      method,
      headers: {
        'x-coalmine-user': `${userInfo().username}@${hostname()}`,
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(match === undefined ? {} : { 'if-match': match }),
        ...(why === undefined ? {} : { 'x-coalmine-why': encodeURIComponent(why) }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

/**
 * Lends the fleet's flag service to `use`, through SSH and with the fleet's editor token, so that neither travels in the
 * open. `COALMINE_FLAGS_URL` and `COALMINE_FLAGS_TOKEN` name another service, or one that is reached directly.
 */
export async function withFlagService<T>(use: (service: FlagService) => Promise<T>): Promise<T> {
  const { COALMINE_FLAGS_URL: url, COALMINE_FLAGS_TOKEN: token } = process.env;
  if (url) return use(await new FlagService(url, token).answering());
  const { project, droplets } = await openFleet(await openProject());
  const droplet = droplets.find((candidate) => poolOf(candidate) === 'redis');
  if (!droplet)
    throw new Problem('The fleet has no Redis droplet, where the flags live', 'Run `coalmine up`.');
  const { flags } = await readSecrets(project.home);
  return withTunnel(project, droplet, servicePort, async (port) =>
    use(await new FlagService(`http://127.0.0.1:${port}`, flags.editor).answering()),
  );
}

function refusal(status: number, body: unknown): Problem {
  const { error, errorDetails, mistakes } = refusalSchema.safeParse(body).data ?? { mistakes: [] };
  const said = error ?? errorDetails ?? `it answers ${status}`;
  const places = mistakes.map(({ path, message }) => `\n  ${path || '/'}: ${message}`).join('');
  const wayOut = status === 412 ? 'Look at it again (coalmine flag get), and repeat.' : undefined;
  return new Problem(`The flag service: ${said}${places}`, wayOut);
}
