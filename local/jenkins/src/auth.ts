import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

const session = randomBytes(4).toString('hex');
/** The version that clients are told; the API is that of this line. */
export const version = '2.516.3';

/** How a request has proved who it is: a crumb is asked only of those that sent the password. */
export type Login = 'token' | 'password';

/** The headers that every answer of Jenkins has. */
export function jenkinsHeaders(request: Request, response: Response, next: NextFunction): void {
  response.set({ 'X-Jenkins': version, 'X-Jenkins-Session': session, 'X-Content-Type-Options': 'nosniff' });
  response.set('X-Frame-Options', request.path.includes('/api/') ? 'deny' : 'sameorigin');
  response.set('Referrer-Policy', 'same-origin');
  next();
}

/** Basic authentication with the API token, or the password if there is one; refusals look like Jenkins'. */
export function requireLogin(user: string, token: string, password: string | undefined): RequestHandler {
  const logins: [Login, Buffer][] = [['token', digest(`${user}:${token}`)]];
  if (password !== undefined) logins.push(['password', digest(`${user}:${password}`)]);
  return (request, response, next) => {
    const header = request.headers.authorization;
    if (header === undefined) {
      refuseAnonymous(request, response);
      return;
    }
    const given = /^Basic\s+(.+)$/i.exec(header)?.[1];
    const hash = digest(Buffer.from(given ?? '', 'base64').toString());
    const login = logins.find(([, expected]) => timingSafeEqual(hash, expected))?.[0];
    if (given && login) {
      response.locals.user = user;
      response.locals.login = login;
      next();
      return;
    }
    challenge(response)
      .status(401)
      .type('html')
      .send(
        '<html><head><title>Error 401 Unauthorized</title></head><body><h1>Invalid password/token for user</h1></body></html>',
      );
  };
}

/**
 * A browser sends the token by itself, also for a form on somebody else's page: such requests are refused.
 * Clients with an API token need no crumb, as on Jenkins.
 */
export function refuseForeignOrigin(request: Request, response: Response, next: NextFunction): void {
  const origin = request.headers.origin;
  const foreign = origin !== undefined && origin !== `http://${request.headers.host}`;
  if (!changes(request) || !foreign) next();
  else refuseCrumb(response);
}

function changes(request: Request): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD';
}

export function refuseCrumb(response: Response): void {
  response
    .status(403)
    .type('html')
    .send(
      '<html><head><title>Error 403 No valid crumb was included in the request</title></head><body>HTTP ERROR 403 No valid crumb was included in the request</body></html>',
    );
}

function refuseAnonymous(request: Request, response: Response): void {
  // Jenkins shows a login page here; a browser's own dialog does the same with less.
  const browser = 'sec-fetch-mode' in request.headers || request.headers.accept?.includes('text/html');
  // A form's own page may lie on another path than the challenge, for which the browser sends nothing unasked.
  const ownForm = request.headers['sec-fetch-site'] === 'same-origin';
  if ((request.method === 'GET' && browser) || ownForm) {
    challenge(response).status(401).type('html').send('<html><body>Authentication required</body></html>');
    return;
  }
  response
    .status(403)
    .set({
      'X-Hudson': '1.395',
      'X-You-Are-Authenticated-As': 'anonymous',
      'X-Required-Permission': 'hudson.model.Hudson.Read',
    })
    .type('html')
    .send('<html><head></head><body>Authentication required</body></html>');
}

function challenge(response: Response): Response {
  return response.set('WWW-Authenticate', 'Basic realm="Jenkins"');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
