import MailComposer from 'nodemailer/lib/mail-composer';
import { addedHeaders, type Header, type Mailbox, mailboxHeader, textHeader } from './header.ts';
import { encodeQuotedPrintable } from './quoted-printable.ts';

export type Letter = {
  from: Mailbox;
  to: Mailbox;
  replyTo?: Mailbox | undefined;
  subject: string;
  html: string;
  text: string;
  headers: readonly Header[];
  messageId: string;
  date: Date;
};

/**
 * Builds one transactional letter: text first, then html, CRLF line ends, no line that starts with a dot.
 * A recipient outside ASCII stands in it as UTF-8 (RFC 6532). Throws a Refusal when a value would break out of its header
 * or an address is not one that mail can be sent to.
 */
export async function composeLetter(letter: Letter): Promise<Buffer> {
  const composer = new MailComposer({
    from: checked('From', letter.from),
    to: checked('To', letter.to, true),
    replyTo: letter.replyTo && checked('Reply-To', letter.replyTo),
    headers: prepared([textHeader('Subject', letter.subject), ...addedHeaders(letter.headers)]),
    messageId: letter.messageId,
    date: letter.date,
    alternatives: [
      { contentType: 'text/plain', raw: part('plain', letter.text) },
      { contentType: 'text/html', raw: part('html', letter.html) },
    ],
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** nodemailer repairs a wrong address into another one instead of refusing it. */
function checked(header: string, mailbox: Mailbox, smtpUtf8 = false): { name: string; address: string } {
  mailboxHeader(header, mailbox, smtpUtf8);
  return { name: mailbox.name ?? '', address: mailbox.address };
}

/** Our own folding and encoding: nodemailer would encode structured headers as a whole. */
function prepared(lines: string[]): Record<string, { prepared: true; value: string }> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), { prepared: true, value: line.slice(colon + 2) }];
    }),
  );
}

function part(subtype: 'plain' | 'html', content: string): string {
  const headers = `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n`;
  return `${headers}\r\n${encodeQuotedPrintable(content)}`;
}
