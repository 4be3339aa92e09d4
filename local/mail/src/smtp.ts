import type { Logger } from 'pino';
import { SMTPServer } from 'smtp-server';
import type { Mailbox } from './mailbox.js';

const retryMs = 1000;

/** Takes mail for anybody on one address. Resolves when it listens; an address that does not exist yet is awaited. */
export function serveSmtp(
  mailbox: Mailbox,
  host: string,
  port: number,
  log: Logger,
): { listening: Promise<number>; close(): void } {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: 10 * 1024 * 1024,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', callback);
      stream.on('end', () => {
        if (stream.sizeExceeded) {
          callback(Object.assign(new Error('Message exceeds 10 MB'), { responseCode: 552 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom ? mailFrom.address : '';
        mailbox.add(Buffer.concat(chunks), { from, to: rcptTo.map(({ address }) => address) }).then(
          ({ id, subject }) => {
            log.info({ id, subject }, 'mail came in');
            callback();
          },
          (error: Error) => callback(error),
        );
      });
    },
  });
  let timer: NodeJS.Timeout | undefined;
  let told = false;
  const listening = new Promise<number>((resolve, reject) => {
    const listen = (): void => {
      server.listen(port, host, () => {
        const address = server.server.address();
        log.info({ host, port }, 'SMTP is listening');
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    };
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL') {
        if (!told) log.info({ host }, 'SMTP waits for this address to exist');
        told = true;
        timer = setTimeout(listen, retryMs);
      } else if (error.code === 'EADDRINUSE') {
        reject(
          new Error(`port ${port} on ${host} is in use: stop what listens there, or set COALMINE_SMTP_PORT`),
        );
      } else if (server.server.listening) {
        // A client that hangs up in the middle is not our failure.
        log.debug({ err: error }, 'SMTP connection failed');
      } else reject(error);
    });
    listen();
  });
  return {
    listening,
    close: () => {
      clearTimeout(timer);
      server.close(() => undefined);
    },
  };
}
