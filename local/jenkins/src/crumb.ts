import { createHmac, randomBytes } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { refuseCrumb } from './auth.js';

/** The header, and the form field, that carry the crumb. */
export const crumbField = 'Jenkins-Crumb';
const salt = randomBytes(16);

/** The crumb of a request's user and session; a new session begins where the request has none, as on Jenkins. */
export function crumbOf(request: Request, response: Response): string {
  let session = sessionOf(request);
  if (session === undefined) {
    session = `node0${randomBytes(16).toString('hex')}`;
    response.cookie('JSESSIONID', session, { path: '/', httpOnly: true });
  }
  return sign(String(response.locals.user), session);
}

/** A POST by password needs the crumb of its session, in a header or a field; an API token needs none. */
export function requireCrumb(request: Request, response: Response, next: NextFunction): void {
  const body: unknown = request.body;
  const field = typeof body === 'object' && body !== null ? Reflect.get(body, crumbField) : undefined;
  const given = request.get(crumbField) ?? (field as unknown);
  const session = sessionOf(request);
  const needed = request.method === 'POST' && response.locals.login === 'password';
  if (!needed || (session !== undefined && given === sign(String(response.locals.user), session))) next();
  else refuseCrumb(response);
}

function sessionOf(request: Request): string | undefined {
  return /(?:^|;\s*)JSESSIONID=([\w.-]+)/.exec(request.headers.cookie ?? '')?.[1];
}

function sign(user: string, session: string): string {
  return createHmac('sha256', salt).update(`${user};${session}`).digest('hex');
}
