import type { z } from 'zod';
import { unprocessable } from './errors.js';

/** A request's body as it should be. Throws 422 with the first thing that is wrong with it. */
export function parse<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  // Messages that are DigitalOcean's own stand by themselves; zod's need the field's name.
  const isOwn = /^(You|Only|User|Name|Key|Tag)\b/.test(issue?.message ?? '');
  const path = issue?.path.join('.') ?? '';
  throw unprocessable(isOwn || !path ? (issue?.message ?? '') : `${path}: ${issue?.message ?? ''}`);
}
