import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A value that disappears by itself. */
export interface Token {
  id: string;
  value: string;
  expiresAt: string;
}

const keyOf = (id: string): string => `token:${id}`;

/** Keeps a value for some seconds under a new id, or under the one given. */
export async function setToken(
  redis: Redis,
  value: string,
  ttlSeconds: number,
  id: string = randomUUID(),
): Promise<Token> {
  await redis.set(keyOf(id), value, 'EX', ttlSeconds);
  return { id, value, expiresAt: new Date(Date.now() + ttlSeconds * 1000).toISOString() };
}

/** The value, or null once it has expired. */
export async function getToken(redis: Redis, id: string): Promise<string | null> {
  return redis.get(keyOf(id));
}
