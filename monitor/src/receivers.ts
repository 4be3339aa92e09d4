import type { Logger } from 'pino';
import { smtpReceiver } from './mail/smtp.js';
import { Spool, type Send } from './mail/spool.js';
import { webhookReceiver } from './mail/webhook.js';
import { spoolFolder, type Settings } from './settings.js';

/** Who is told, by name: `mail` and `webhook`, as far as they are set. */
export function receiversOf(settings: Settings): Record<string, Send> {
  const { SMTP_URL: url, MAIL_FROM: from, MAIL_TO: to, WEBHOOK_URL: webhook } = settings;
  return {
    ...(url && to.length > 0 ? { mail: smtpReceiver({ url, from, to }) } : {}),
    ...(webhook ? { webhook: webhookReceiver(webhook) } : {}),
  };
}

/** The spool of all receivers, with what was left in it. */
export async function openSpool(settings: Settings, log: Logger): Promise<Spool> {
  const folder = await spoolFolder(settings);
  if (!settings.STATE_DIRECTORY)
    log.warn({ folder }, 'STATE_DIRECTORY is not set: a restart loses waiting mail');
  const spool = new Spool({ folder, receivers: receiversOf(settings), log });
  await spool.start();
  return spool;
}
