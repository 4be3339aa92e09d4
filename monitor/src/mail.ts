import type { Alert } from '@coalmine/fleet/alerts.js';
import type { Pool } from '@coalmine/fleet/keys.js';
import nodemailer from 'nodemailer';
import type { Logger } from 'pino';

export interface MailSettings {
  smtp: string;
  from: string;
  to: string[];
}

const triesAtMost = 10;
const firstPauseMs = 1000;

/** Sends alerts by mail without making anyone wait; a server that is away is tried again for some minutes. */
export class Mailer {
  private readonly transport;

  constructor(
    private readonly settings: MailSettings,
    private readonly log: Logger,
  ) {
    this.transport = nodemailer.createTransport(settings.smtp, { from: settings.from });
  }

  send(mail: { subject: string; text: string }, tries = 1): void {
    this.transport.sendMail({ to: this.settings.to, ...mail }).then(
      () => this.log.info({ to: this.settings.to, subject: mail.subject }, 'mailed'),
      (error: unknown) => {
        this.log.warn({ err: error, tries }, 'the mail server does not take the mail');
        if (tries >= triesAtMost) return;
        setTimeout(() => this.send(mail, tries + 1), firstPauseMs * 2 ** (tries - 1)).unref();
      },
    );
  }
}

/** The mail about an alert that begins. */
export function firingMail(alert: Alert, pool: Pool): { subject: string; text: string } {
  const value = alert.value.toFixed(1);
  const done =
    pool === 'canary'
      ? 'The proxy sends no more requests to the canary; production takes all of them.'
      : 'The droplet stays in rotation.';
  return {
    subject: `[coalmine] ${alert.host}: ${alert.metric} at ${value} %`,
    text: `${alert.reason}.\n\nDroplet:    ${alert.host} (${pool})\nValue:      ${value} %\nThreshold:  ${alert.threshold} %\nSince:      ${alert.since}\n\n${done}\nLook at it: coalmine logs ${alert.host}\n`,
  };
}

/** The mail about an alert that is over. */
export function resolvedMail(alert: Alert): { subject: string; text: string } {
  return {
    subject: `[coalmine] ${alert.host}: ${alert.metric} is fine again`,
    text: `${alert.metric} of ${alert.host} is under ${alert.threshold} % again. It was over it since ${alert.since}.\n`,
  };
}
