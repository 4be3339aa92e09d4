import { retryAfterMs } from '../src/digitalocean.js';

const answer = (status: number, headers: Record<string, string> = {}) => ({ status, headers });
const error = (method: string, response?: ReturnType<typeof answer>, code?: string) => ({
  message: '',
  config: { method },
  ...(response ? { response } : {}),
  ...(code ? { code } : {}),
});

describe('when a call to DigitalOcean is tried again', () => {
  it('waits as long as a 429 says', () => {
    expect(retryAfterMs(error('post', answer(429, { 'retry-after': '7' })), 1)).toBe(7000);
  });

  it('waits until the window of the rate limit opens', () => {
    const now = 1_000_000;
    const reset = String(now / 1000 + 5);
    expect(retryAfterMs(error('get', answer(429, { 'ratelimit-reset': reset })), 1, now)).toBe(5000);
  });

  it('repeats a GET after a 5xx, ever later', () => {
    const first = retryAfterMs(error('get', answer(502)), 1) ?? 0;
    expect(first).toBeGreaterThanOrEqual(200);
    expect(retryAfterMs(error('get', answer(502)), 4)).toBeGreaterThan(first);
  });

  it('never repeats a POST that may have been carried out', () => {
    expect(retryAfterMs(error('post', answer(502)), 1)).toBeNull();
    expect(retryAfterMs(error('post', undefined, 'ECONNRESET'), 1)).toBeNull();
  });

  it('does not repeat what will not get better', () => {
    expect(retryAfterMs(error('get', answer(401)), 1)).toBeNull();
    expect(retryAfterMs(error('get', undefined, 'ECONNREFUSED'), 1)).toBeNull();
  });
});
