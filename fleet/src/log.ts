import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard output; LOG_LEVEL sets the level (default info). Secrets in URLs are never logged. */
export function createLog(part: string): Logger {
  return pino({
    level: process.env.LOG_LEVEL ?? 'info',
    base: { part, host: process.env.COALMINE_HOST, release: process.env.COALMINE_RELEASE },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization', 'req.headers.cookie'],
    formatters: { level: (label) => ({ level: label }) },
  });
}
