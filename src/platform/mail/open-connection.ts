import type { MailConnection } from './mail-connection.ts';
import { openNodemailer } from './open-nodemailer.ts';
import { openSmtp, type SmtpOptions } from './open-smtp.ts';
import type { Relay } from './relay.ts';

/** Opens a connection with the client that the relay asks for. Throws `SmtpLost` with the phase. */
export function openConnection(relay: Relay, options: SmtpOptions): Promise<MailConnection> {
  return relay.client === 'nodemailer' ? openNodemailer(relay, options) : openSmtp(relay, options);
}
