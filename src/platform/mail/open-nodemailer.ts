import SMTPConnection from 'nodemailer/lib/smtp-connection';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import { NodemailerConnection } from './nodemailer-connection.ts';
import type { SmtpOptions } from './open-smtp.ts';
import type { Relay } from './relay.ts';
import { assertEhloName, readCapabilities } from './smtp-handshake.ts';
import { SmtpLost, smtpTimeouts } from './smtp-outcome.ts';
import { type Phase, parseReply } from './smtp-reply.ts';
import { isLoopback } from './smtp-sign-in.ts';

type Failure = Error & { code?: string; command?: string; response?: string; timeoutType?: string };

/**
 * Opens a connection with nodemailer's client, under the same rules about TLS and passwords as our own. Throws `SmtpLost`
 * with the phase, as near as nodemailer tells it.
 */
export async function openNodemailer(relay: Relay, options: SmtpOptions): Promise<NodemailerConnection> {
  assertEhloName(options.ehloName);
  const timeouts = { ...smtpTimeouts, ...options.timeouts };
  const { auth, plain } = relay;
  const mustEncrypt = relay.requireTls || (auth !== undefined && !plain && !isLoopback(relay.host));
  const smtp = new SMTPConnection({
    host: relay.host,
    port: relay.port,
    secure: relay.secure,
    requireTLS: mustEncrypt,
    ignoreTLS: plain,
    name: options.ehloName,
    localAddress: relay.source,
    tls: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: relay.secure || relay.requireTls || auth !== undefined,
      ...relay.tls,
      ...options.tls,
    },
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs,
    dnsTimeout: timeouts.connectMs,
    socketTimeout: timeouts.dotMs,
    socketCloseTimeout: timeouts.quitMs,
    // Loopback has no route to the world, and yet may hold the relay.
    allowInternalNetworkInterfaces: true,
  });
  const cut = () => smtp.close();
  options.signal?.addEventListener('abort', cut, { once: true });
  try {
    await step(smtp, (done) => smtp.connect(done));
    const capabilities = readCapabilities(String(smtp.lastServerResponse).split(/\r?\n/));
    if (auth) await step(smtp, (done) => smtp.login(loginOf(auth), done));
    return new NodemailerConnection(smtp, capabilities, timeouts);
  } catch (error) {
    smtp.close();
    throw lostBy(error as Failure, options.signal);
  } finally {
    options.signal?.removeEventListener('abort', cut);
  }
}

/** A step fails by its callback, by an error event, or by the end of the connection. */
async function step(
  smtp: SMTPConnection,
  begin: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  let settle: (error?: Error | null) => void = () => {};
  const ended = () => setImmediate(() => settle(new Error('the connection ended')));
  try {
    await new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
      smtp.once('error', settle).once('end', ended);
      begin(settle);
    });
  } finally {
    smtp.off('end', ended).off('error', settle);
    // What comes after the step that failed is no news.
    smtp.on('error', () => {});
  }
}

function loginOf(auth: NonNullable<Relay['auth']>) {
  const { user, pass, mechanism } = auth;
  if (mechanism !== 'xoauth2') return { user, pass };
  return { user, oauth2: new XOAuth2({ user, accessToken: pass }) };
}

function lostBy(error: Failure, signal: AbortSignal | undefined): SmtpLost {
  if (signal?.aborted) return new SmtpLost('connect', 'we cut the connection');
  const { response, code = 'no code' } = error;
  const reply = response ? parseReply(response.split(/\r?\n/)) : undefined;
  return new SmtpLost(phaseOf(error), `nodemailer could not open the connection (${code})`, reply);
}

function phaseOf({ command = '', code, response, timeoutType }: Failure): Phase {
  if (command.startsWith('AUTH') || code === 'EAUTH') return 'auth';
  if (command === 'STARTTLS' || code === 'ETLS') return 'starttls';
  if (command === 'EHLO' || command === 'HELO') return 'ehlo';
  return response || timeoutType === 'GREETING_TIMEOUT' ? 'greeting' : 'connect';
}
