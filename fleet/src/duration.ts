import { z } from 'zod';

/** A length of time as people write it, `3s`, `2m`, `500ms`; parsed to milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'must be a duration such as 500ms, 3s, 2m or 1h')
  .transform((text) => {
    const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[
      text.replace(/\d+/, '') as 'ms' | 's' | 'm' | 'h'
    ];
    return Number.parseInt(text, 10) * unit;
  });
