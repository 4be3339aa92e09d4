// Lets the droplets reach this Jenkins: listens on their gateway, and passes on to 127.0.0.1 where Jenkins listens.
import { connect, createServer } from 'node:net';
import { pino } from 'pino';
import { z } from 'zod';

const log = pino({ base: { part: 'jenkins-gate' }, timestamp: pino.stdTimeFunctions.isoTime });
const retryMs = 1000;
const { COALMINE_GATE_HOST: host, COALMINE_JENKINS_PORT: port } = z
  .object({
    COALMINE_GATE_HOST: z.ipv4(),
    COALMINE_JENKINS_PORT: z.coerce.number().int().min(1).max(65_535),
  })
  .parse(process.env);

const gate = createServer((client) => {
  const jenkins = connect(port, '127.0.0.1');
  client.pipe(jenkins).pipe(client);
  client.on('error', () => jenkins.destroy());
  jenkins.on('error', () => client.destroy());
});
gate.on('error', (error: NodeJS.ErrnoException) => {
  // The address comes with the first droplet.
  if (error.code === 'EADDRNOTAVAIL') setTimeout(() => gate.listen(port, host), retryMs);
  else {
    process.stderr.write(`jenkins-gate: ${error.message}\n`);
    process.exit(1);
  }
});
gate.listen(port, host, () => log.info({ host, port }, 'the droplets reach Jenkins here'));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
