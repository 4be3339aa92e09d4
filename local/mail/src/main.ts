import { createServer } from 'node:http';
import { pino } from 'pino';
import { createApp } from './app.js';
import { readConfig } from './config.js';
import { Mailbox } from './mailbox.js';
import { serveSmtp } from './smtp.js';

const log = pino({ base: { part: 'mail' }, timestamp: pino.stdTimeFunctions.isoTime });

function fail(error: Error): never {
  process.stderr.write(`mail: ${error.message}\n`);
  process.exit(1);
}

try {
  const config = readConfig(process.env);
  const mailbox = new Mailbox(config.home);
  const doors = config.smtpHosts.map((host) => serveSmtp(mailbox, host, config.smtpPort, log));
  for (const { listening } of doors) listening.catch(fail);
  const server = createServer(createApp(mailbox));
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE';
    fail(
      taken
        ? new Error(`port ${config.pagePort} is in use: stop what listens there, or set COALMINE_MAIL_PORT`)
        : error,
    );
  });
  server.listen(config.pagePort, '127.0.0.1', () =>
    log.info({ port: config.pagePort }, 'the mail page is listening'),
  );
  const stop = (): void => {
    for (const door of doors) door.close();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  fail(error as Error);
}
