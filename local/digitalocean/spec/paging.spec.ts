import type { Request } from 'express';
import { page } from '../src/paging.js';

const items = Array.from({ length: 45 }, (_, index) => index);

function at(query: string): Record<string, unknown> {
  const url = new URL(`http://api.test:81/v2/droplets${query}`);
  const request = {
    query: Object.fromEntries(url.searchParams),
    originalUrl: `${url.pathname}${url.search}`,
    headers: { host: url.host },
  };
  return page(request as unknown as Request, 'droplets', items);
}

describe('A page', () => {
  it('has 20 items unless asked otherwise, and the total', () => {
    const first = at('');
    expect(first.droplets).toEqual(items.slice(0, 20));
    expect(first.meta).toEqual({ total: 45 });
  });

  it("links to its neighbours with the request's own host and query", () => {
    const link = (number: number) =>
      `http://api.test:81/v2/droplets?page=${number}&per_page=15&tag_name=a%3Ab`;
    expect(at('?page=2&per_page=15&tag_name=a:b').links).toEqual({
      pages: { first: link(1), prev: link(1), next: link(3), last: link(3) },
    });
  });

  it('links only where there is something', () => {
    expect(Object.keys((at('').links as { pages: object }).pages)).toEqual(['next', 'last']);
    expect(Object.keys((at('?page=3').links as { pages: object }).pages)).toEqual(['first', 'prev']);
    expect(at('?per_page=200').links).toEqual({});
  });

  it('is empty beyond the end, and holds 200 items at most', () => {
    expect(at('?page=9').droplets).toEqual([]);
    expect(at('?per_page=1000').droplets).toEqual(items);
  });

  it('must have a number', () => {
    expect(() => at('?page=0')).toThrowError(/page must be a positive integer/);
    expect(() => at('?per_page=x')).toThrowError(/per_page must be a positive integer/);
  });
});
