import type { Request } from 'express';
import { unprocessable } from './errors.js';

/**
 * One page of a list with DigitalOcean's `links` and `meta`. The links carry the request's own host and query,
 * because clients follow them as they are.
 */
export function page<T>(request: Request, name: string, items: readonly T[]): Record<string, unknown> {
  const number = positive(request, 'page', 1);
  const size = Math.min(positive(request, 'per_page', 20), 200);
  const last = Math.max(1, Math.ceil(items.length / size));
  const url = (target: number): string => {
    const address = new URL(request.originalUrl, `http://${request.headers.host}`);
    address.searchParams.set('page', String(target));
    address.searchParams.set('per_page', String(size));
    return address.toString();
  };
  const pages = {
    ...(number > 1 ? { first: url(1), prev: url(number - 1) } : {}),
    ...(number < last ? { next: url(number + 1), last: url(last) } : {}),
  };
  return {
    [name]: items.slice((number - 1) * size, number * size),
    links: last > 1 ? { pages } : {},
    meta: { total: items.length },
  };
}

function positive(request: Request, name: string, otherwise: number): number {
  const text = request.query[name];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw unprocessable(`${name} must be a positive integer`);
  return value;
}
