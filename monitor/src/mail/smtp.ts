import { z } from 'zod';
import { Refused, type Send } from './spool.js';

/** A mail as it is spooled; the chart is a PNG in base64, shown where the HTML says `cid:chart`. */
export const mailSchema = z.object({
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  chart: z.string().nullable(),
});
export type Mail = z.infer<typeof mailSchema>;

export interface SmtpSettings {
  /** `smtps://user:password@host`, or `smtp://…`, which uses TLS where the server offers it. */
  url: string;
  from: string;
  to: readonly string[];
}

const timeouts = { connectionTimeout: 5000, greetingTimeout: 5000, socketTimeout: 15_000, dnsTimeout: 5000 };

/** Sends by SMTP. A server that is away, busy or does not know us throws; what it refuses for good throws Refused. */
export function smtpReceiver({ url, from, to }: SmtpSettings): Send {
  return async (message, id) => {
    const mail = mailSchema.parse(message);
    // Loaded by the first mail: it takes several MB, and most agents never send one.
    const { default: nodemailer } = await import('nodemailer');
    const transport = nodemailer.createTransport({ url, ...timeouts }, { from });
    try {
      await transport.sendMail({
        to: [...to],
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        // The same for every attempt: a mail that was taken although its answer got lost is recognised.
        messageId: `<${id}@coalmine>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
        attachments:
          mail.chart === null
            ? []
            : [
                {
                  ...{ filename: 'chart.png', cid: 'chart', contentType: 'image/png' },
                  ...{ content: Buffer.from(mail.chart, 'base64'), contentDisposition: 'inline' as const },
                },
              ],
      });
    } catch (error) {
      if (isFinal(error)) throw new Refused((error as Error).message, { cause: error });
      throw error;
    } finally {
      transport.close();
    }
  };
}

/** 5xx about this message; a failed login is mended by the operator, and the mail then goes out. */
function isFinal(error: unknown): boolean {
  const { responseCode = 0, code = '' } = error as { responseCode?: number; code?: string };
  return responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
}
