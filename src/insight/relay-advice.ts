import type { Relay } from '../platform/mail/relay.ts';
import type { Phase } from '../platform/mail/smtp-reply.ts';

/** What to do about a relay that was lost in a phase, for this reason. Pure. */
export function relayAdvice({ secure }: Pick<Relay, 'secure'>, phase: Phase, reason: string): string {
  if (reason.includes('WRONG_VERSION_NUMBER')) {
    return 'It does not begin with TLS on this port: write smtp:// in SMTP_URL.';
  }
  if (reason.includes('certificate')) {
    return 'Write the host name that stands in its certificate, or name its authority: ca=FILE in SMTP_URL.';
  }
  switch (phase) {
    case 'connect':
      return 'Check host and port in SMTP_URL, and whether a firewall stands between.';
    case 'greeting':
      return secure
        ? 'Check host and port in SMTP_URL.'
        : 'Check the port in SMTP_URL. Where TLS is on from the first byte, as on 465, write smtps://.';
    case 'auth':
      return 'Check user and password in SMTP_URL, with : / ? # @ % of the password percent-encoded.';
    default:
      return 'Check host, port and tls in SMTP_URL.';
  }
}
