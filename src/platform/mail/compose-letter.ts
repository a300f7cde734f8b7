import { createHash } from 'node:crypto';
import { addedHeaders, badHeader, type Header, type Mailbox, mailboxHeader, textHeader } from './header.ts';
import { encodeQuotedPrintable } from './quoted-printable.ts';

export type Letter = {
  from: Mailbox;
  to: Mailbox;
  replyTo?: Mailbox | undefined;
  subject: string;
  html: string;
  text: string;
  headers: readonly Header[];
  /** In its angle brackets. */
  messageId: string;
  date: Date;
};

/**
 * Builds one transactional letter: text first, then html, CRLF line ends, no line that starts with a dot.
 * A recipient outside ASCII stands in it as UTF-8 (RFC 6532). Throws a Refusal when a value would break out of its header
 * or an address is not one that mail can be sent to. The same letter gives the same bytes.
 */
export function composeLetter(letter: Letter): Buffer {
  const boundary = boundaryOf(letter);
  const lines = [
    textHeader('Subject', letter.subject),
    ...addedHeaders(letter.headers),
    mailboxHeader('From', letter.from),
    mailboxHeader('To', letter.to, true),
    ...(letter.replyTo ? [mailboxHeader('Reply-To', letter.replyTo)] : []),
    messageIdHeader(letter.messageId),
    `Date: ${letter.date.toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"`,
    '',
    `--${boundary}`,
    ...part('plain', letter.text),
    `--${boundary}`,
    ...part('html', letter.html),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** "=_" never occurs in quoted-printable, so no text can contain the boundary (RFC 2045 §6.7, note); no other letter has this id. */
function boundaryOf({ messageId }: Letter): string {
  return `=_${createHash('sha256').update(messageId).digest('hex').slice(0, 24)}`;
}

function messageIdHeader(messageId: string): string {
  if (!/^<[\x21-\x3b\x3d\x3f-\x7e]{3,500}>$/.test(messageId))
    throw badHeader('Message-ID', 'The Message-ID is not one');
  return `Message-ID: ${messageId}`;
}

function part(subtype: 'plain' | 'html', content: string): string[] {
  return [
    `Content-Type: text/${subtype}; charset=utf-8`,
    'Content-Transfer-Encoding: quoted-printable',
    '',
    encodeQuotedPrintable(content),
  ];
}
