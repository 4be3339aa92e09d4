import type { HistoryEntry } from '../src/history.js';
import type { Mistake } from '../src/validate.js';
import type { FlagView } from '../src/view.js';
import { askForToken } from './dialogs.js';

export type { FlagView, HistoryEntry, Mistake };

/** The service said no; with what is wrong where, if it knows. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: number,
    message: string,
    readonly mistakes: readonly Mistake[],
  ) {
    super(message);
  }
}

export interface Asked {
  body?: unknown;
  etag?: string;
  why?: string;
}

const kept = 'coalmine-flags-token';

/** Asks the service; a stranger is asked for a token, which is kept in this tab only. Throws a Refusal. */
export async function ask<T>(method: string, path: string, asked: Asked = {}): Promise<T> {
  const response = await send(method, path, asked);
  if (response.status === 401) {
    sessionStorage.setItem(kept, await askForToken());
    return ask(method, path, asked);
  }
  const text = await response.text();
  const body = (text ? JSON.parse(text) : null) as T & {
    error?: string;
    errorDetails?: string;
    mistakes?: Mistake[];
  };
  if (response.ok) return body;
  const said = body.error ?? body.errorDetails ?? `the service answers ${response.status}`;
  throw new Refusal(response.status, said, body.mistakes ?? []);
}

/** The path of a flag, in an environment or for all. */
export function flagPath(key: string, environment: string, more = ''): string {
  const query = environment ? `?environment=${environment}` : '';
  return `/flags/${encodeURIComponent(key)}${more}${query}`;
}

/** Tells of every change, for ever; and whether it is connected. */
export async function follow(onChange: () => void, onState: (live: boolean) => void): Promise<never> {
  for (;;) {
    try {
      const response = await send('GET', '/changes', {});
      const reader = response.ok ? response.body?.getReader() : undefined;
      if (!reader) throw new Error(`${response.status}`);
      onState(true);
      onChange(); // what was missed meanwhile
      const decoder = new TextDecoder();
      for (let done = false; !done;) {
        const read = await reader.read();
        done = read.done;
        if (decoder.decode(read.value, { stream: true }).includes('event: changed')) onChange();
      }
    } catch {
      // tried again below
    }
    onState(false);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function send(method: string, path: string, { body, etag, why }: Asked): Promise<Response> {
  const token = sessionStorage.getItem(kept);
  return fetch(path, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(etag ? { 'if-match': etag } : {}),
      ...(why ? { 'x-coalmine-why': encodeURIComponent(why) } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
