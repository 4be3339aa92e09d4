import express, { type Express } from 'express';
import type { Mailbox } from './mailbox.js';
import { listPage, messagePage } from './page/pages.js';

/** The page and the JSON of the mailbox. */
export function createApp(mailbox: Mailbox): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true, service: 'mail', messages: mailbox.list().length });
  });
  app.get('/api/messages', (_request, response) => {
    response.json({ messages: mailbox.list() });
  });
  app.get('/api/messages/:id', async (request, response) => {
    const message = await mailbox.read(request.params.id);
    if (message) response.json(message);
    else response.status(404).json({ error: `no message ${request.params.id}` });
  });
  app.delete('/api/messages', (request, response) => {
    // A page of somebody else's must not empty the mailbox.
    const { origin, host } = request.headers;
    if (origin !== undefined && origin !== `http://${host}`)
      response.status(403).json({ error: 'foreign origin' });
    else response.json({ deleted: mailbox.clear() });
  });
  app.get('/', (_request, response) => {
    response.type('html').send(listPage(mailbox.list()));
  });
  app.get('/messages/:id', async (request, response) => {
    const message = await mailbox.read(request.params.id);
    if (message) response.type('html').send(messagePage(message));
    else response.status(404).type('html').send('<h1>This message is gone</h1><a href="/">Mail</a>');
  });
  // What a mail contains may style itself, but neither run nor load anything.
  app.get('/messages/:id/html', async (request, response) => {
    const message = await mailbox.read(request.params.id);
    response.set(
      'Content-Security-Policy',
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    );
    response
      .status(message?.html ? 200 : 404)
      .type('html')
      .send(message?.html ?? '');
  });
  return app;
}
