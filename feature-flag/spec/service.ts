import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { TestService, type TestRedis } from '@coalmine/fleet/testbed.js';

export const tokens = { evaluator: 'evaluator-secret', viewer: 'viewer-secret', editor: 'editor-secret' };
export const main = join(import.meta.dirname, '../src/main.js');

const hashes = Object.entries(tokens)
  .map(([role, token]) => `${role}:${createHash('sha256').update(token).digest('hex')}`)
  .join(',');

/** A flag service of its own process, with a token for each role. */
export function startService(
  redis: Pick<TestRedis, 'url'>,
  settings: Record<string, string> = {},
): Promise<TestService> {
  return TestService.start(main, {
    REDIS_URL: redis.url,
    FLAGS_TOKENS: hashes,
    LOG_LEVEL: 'info',
    ...settings,
  });
}

export interface Answer {
  status: number;
  etag: string | null;
  body: Record<string, unknown>;
}

/** Asks the service; the body as JSON. */
export async function ask(
  service: Pick<TestService, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}

export const flag = (defaultVariant: 'on' | 'off', more: object = {}) => ({
  state: 'ENABLED' as const,
  variants: { on: true, off: false },
  defaultVariant,
  ...more,
});
