import { createHash } from 'node:crypto';
import { addedHeaders, badHeader, type Header, type Mailbox, mailboxHeader, textHeader } from './header.ts';
import { type CutText, cutAtPlaces, placeSet } from './places.ts';
import { encodeQuotedPrintable } from './quoted-printable.ts';

/** Where a place stands, which decides how its value is written. */
export type Part = 'header' | 'text' | 'html';

/**
 * A message encoded once for all its readers, cut where a reader's own values go. Plain JSON, ASCII only.
 * `pieces` has one more item than `uses`.
 */
export type ComposedMessage = { pieces: string[]; uses: { place: string; part: Part }[] };

export type MessageParts = {
  from: Mailbox;
  replyTo?: Mailbox | undefined;
  subject: string;
  html: string;
  text: string;
  headers: readonly Header[];
  /** The closed set of names that may stand as `[[name]]` in the html, the text and the headers. */
  places: readonly string[];
};

/**
 * Builds the message that every reader of a variant shares: text first, then html, both quoted-printable UTF-8.
 * Throws a Refusal when a place is unknown, a header is given twice, or a value would break out of its header.
 * A place in the subject is refused too, as a subject is the same for all. Pure; the same parts give the same message.
 */
export function composeMessage(parts: MessageParts): ComposedMessage {
  const places = placeSet(parts.places);
  refuseSubjectPlaces(parts.subject, places);
  const html = cutAtPlaces(parts.html, places, 'html');
  const text = cutAtPlaces(parts.text, places, 'text');
  const boundary = boundaryOf(parts);

  const composed: ComposedMessage = { pieces: [''], uses: [] };
  const append = (literal: string) => composed.pieces.push((composed.pieces.pop() ?? '') + literal);

  append(`${mailboxHeader('From', parts.from)}\r\n`);
  if (parts.replyTo) append(`${mailboxHeader('Reply-To', parts.replyTo)}\r\n`);
  append(`${textHeader('Subject', parts.subject)}\r\n`);
  for (const line of addedHeaders(parts.headers)) {
    appendCut(composed, cutAtPlaces(line, places, 'headers'), 'header');
    append('\r\n');
  }
  append(`MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="${boundary}"\r\n`);
  append(`\r\n--${boundary}\r\n${partHeaders('plain')}\r\n`);
  appendCut(composed, encoded(text), 'text');
  append(`\r\n--${boundary}\r\n${partHeaders('html')}\r\n`);
  appendCut(composed, encoded(html), 'html');
  append(`\r\n--${boundary}--\r\n`);
  return composed;
}

function refuseSubjectPlaces(subject: string, places: ReadonlySet<string>): void {
  const place = [...places].find((name) => subject.includes(`[[${name}]]`));
  if (place) throw badHeader('Subject', `A subject is the same for all readers and cannot hold [[${place}]]`);
}

/** "=_" never occurs in quoted-printable, so no text can contain the boundary (RFC 2045 §6.7, note). */
function boundaryOf(parts: MessageParts): string {
  const hash = createHash('sha256').update(JSON.stringify([parts.subject, parts.text, parts.html]));
  return `=_${hash.digest('hex').slice(0, 24)}`;
}

function partHeaders(subtype: 'plain' | 'html'): string {
  return `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n`;
}

/** Each place gets a line of its own: a soft break ends the text before it, and one will end the value. */
function encoded(cut: CutText): CutText {
  const last = cut.fixed.length - 1;
  const fixed = cut.fixed.map((literal, index) => {
    const lines = encodeQuotedPrintable(literal);
    const before = index === 0 ? lines : `=\r\n${lines}`;
    const atLineStart = before === '' || before.endsWith('\r\n');
    return index === last || atLineStart ? before : `${before}=\r\n`;
  });
  return { fixed, names: cut.names };
}

function appendCut(composed: ComposedMessage, cut: CutText, part: Part): void {
  for (const [index, literal] of cut.fixed.entries()) {
    const place = cut.names[index - 1];
    if (place === undefined) {
      composed.pieces.push((composed.pieces.pop() ?? '') + literal);
    } else {
      composed.uses.push({ place, part });
      composed.pieces.push(literal);
    }
  }
}
