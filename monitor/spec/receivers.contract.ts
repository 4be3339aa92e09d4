import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@coalmine/fleet/testbed.js';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { drawChart } from '../src/mail/chart.js';
import { smtpReceiver } from '../src/mail/smtp.js';
import { Refused } from '../src/mail/spool.js';
import { webhookReceiver } from '../src/mail/webhook.js';

const mail = { subject: 'canary-1: CPU at 93 %', text: 'text', html: '<img src="cid:chart">', chart: null };

describe('mail', () => {
  let server: SMTPServer;
  let port: number;
  let got: { mail: ParsedMail; secure: boolean; user: unknown }[];
  let password: string;

  beforeEach(async () => {
    got = [];
    password = 'right';
    port = await freePort();
    server = new SMTPServer({
      secure: true, // with smtp-server's own certificate, which nobody vouches for
      onAuth: ({ username, password: given }, _session, done) =>
        given === password ? done(null, { user: username }) : done(new Error('no')),
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('nobody')
          ? done(Object.assign(new Error('unknown'), { responseCode: 550 }))
          : done(),
      onData: (stream, session, done) => {
        void simpleParser(stream).then((parsed) => {
          got.push({ mail: parsed, secure: session.secure, user: session.user });
          done();
        });
      },
    });
    server.on('error', () => undefined); // clients that hang up, as they should
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise<void>((resolve) => server.close(resolve)));

  const url = (options = ''): string => `smtps://ops:right@127.0.0.1:${port}/${options}`;
  const receiver = (to: string, options = '?tls.rejectUnauthorized=false') =>
    smtpReceiver({ url: url(options), from: 'coalmine@example.com', to: [to] });

  it('goes by TLS with a login, as text and HTML, with its chart inside', async () => {
    const points = [10, 90].map((value, at) => ({ at: at * 1000, value }));
    const png = await drawChart({ points, threshold: 45, highest: 100 });
    await receiver('ops@example.com')({ ...mail, chart: png.toString('base64') }, 'id-1');
    expect(got.map(({ secure, user }) => [secure, user])).toEqual([[true, 'ops']]);
    const parsed = got[0]?.mail;
    expect(parsed?.text?.trim()).toBe('text');
    expect(parsed?.html).toContain('data:image/png;base64,');
    expect(parsed?.attachments[0]?.content.equals(png)).toBeTrue();
    expect(parsed?.messageId).toBe('<id-1@coalmine>');
  });

  it('never goes to a server whose certificate nobody vouches for', async () => {
    await expectAsync(receiver('ops@example.com', '')(mail, 'id')).toBeRejectedWithError(/certificate/);
    expect(got.length).toBe(0);
  });

  it('is kept when the login fails, and given up when the address is refused', async () => {
    await expectAsync(receiver('nobody@example.com')(mail, 'id')).toBeRejectedWithError(Refused);
    password = 'changed';
    const failure = await receiver('ops@example.com')(mail, 'id').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(Refused);
  });
});

describe('a webhook', () => {
  let server: Server;
  let heard: unknown[];
  let status: number;

  beforeEach(async () => {
    heard = [];
    status = 200;
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (piece: Buffer) => (text += piece.toString()));
      request.on('end', () => {
        heard.push(JSON.parse(text));
        response.writeHead(status).end('ok');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const send = (): Promise<void> =>
    webhookReceiver(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`)(
      { text: 'alert' },
      'id',
    );

  it('gets JSON', async () => {
    await send();
    expect(heard).toEqual([{ text: 'alert' }]);
  });

  it('is tried again when it is busy, and given up when it does not want it', async () => {
    for (status of [500, 503, 429]) {
      const failure = await send().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toBeInstanceOf(Refused);
    }
    status = 404;
    await expectAsync(send()).toBeRejectedWithError(Refused);
  });
});
