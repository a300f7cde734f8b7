import PostalMime, { type Address, type Email } from 'postal-mime';

/** An edition goes to a whole list, a letter answers one person; a mail from elsewhere is neither. */
export type MailKind = 'edition' | 'letter' | 'mail';

export type TrappedHeaders = {
  /** MAIL FROM and RCPT TO, from the two headers that the trap puts on top. */
  sender: string;
  recipients: string[];
  from: string;
  to: string;
  subject: string;
  date: Date | undefined;
  kind: MailKind;
};

/** Return-Path and X-Original-To, as a mailbox server would add them at the last hop (RFC 5321 §4.4). */
export function envelopeHeaders(sender: string, recipients: readonly string[]): string {
  const lines = [
    `Return-Path: <${oneLine(sender)}>`,
    ...recipients.map((to) => `X-Original-To: ${oneLine(to)}`),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Reads what the list shows from the first bytes of a stored mail. A mail that is none still gets its line. */
export async function readTrappedHeaders(start: Buffer): Promise<TrappedHeaders> {
  const end = start.indexOf('\r\n\r\n');
  const email = await PostalMime.parse(end < 0 ? start : start.subarray(0, end + 4));
  return trappedHeaders(email);
}

export function trappedHeaders(email: Email): TrappedHeaders {
  const value = (key: string) => email.headers.find((header) => header.key === key)?.value ?? '';
  const firstOwn = email.headers.findIndex(({ key }) => key !== 'return-path' && key !== 'x-original-to');
  const date = new Date(value('date'));
  return {
    sender: value('return-path').replace(/^<|>$/g, ''),
    recipients: email.headers
      .slice(0, firstOwn < 0 ? undefined : firstOwn)
      .filter(({ key }) => key === 'x-original-to')
      .map((header) => header.value),
    from: mailboxes(email.from ? [email.from] : []),
    to: mailboxes(email.to ?? []),
    subject: email.subject ?? '',
    date: Number.isNaN(date.getTime()) ? undefined : date,
    kind: kindOf(value('precedence'), value('auto-submitted')),
  };
}

/** The id of a trapped mail begins with the time of its arrival. */
export function receivedAtOf(id: string): Date {
  return new Date(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-.*/, '$1-$2-$3T$4:$5:$6.$7Z'));
}

function mailboxes(addresses: readonly Address[]): string {
  return addresses
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : address || name))
    .join(', ');
}

function kindOf(precedence: string, autoSubmitted: string): MailKind {
  if (precedence.toLowerCase() === 'bulk') return 'edition';
  return autoSubmitted.toLowerCase() === 'auto-generated' ? 'letter' : 'mail';
}

function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, '');
}
