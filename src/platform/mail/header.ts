import { Refusal } from '../../lib/errors.ts';
import { encodeWords } from './encoded-words.ts';

/** RFC 5322 §2.1.1: what a line should keep to, and what it must. */
const lineCharsWanted = 78;
const lineCharsMax = 998;
/** RFC 2919 §2. */
const listIdCharsMax = 255;

const printable = /^[\x20-\x7e]*$/;
const plainAtoms = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const addressPattern =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/;
const addressPatternUtf8 = /^[^\s\p{C}()<>@,;:\\"[\]]+@[^\s\p{C}()<>@,;:\\"[\]]+$/u;

/** A person's or a publication's name beside the address. */
export type Mailbox = { name?: string | undefined; address: string };

export type Header = { name: string; value: string };

const ownHeaders = new Set(
  'from to cc bcc sender reply-to subject date message-id mime-version content-type content-transfer-encoding'.split(
    ' ',
  ),
);

/**
 * The headers that a message has beside its own, as lines. Throws a Refusal for one that is given twice or that the
 * message writes itself.
 */
export function addedHeaders(headers: readonly Header[]): string[] {
  const seen = new Set<string>();
  return headers.map(({ name, value }) => {
    const key = name.toLowerCase();
    if (!/^[a-z][a-z0-9-]{0,59}$/.test(key)) throw badHeader(name, `“${name}” is no name of a header`);
    if (ownHeaders.has(key)) throw badHeader(name, `${name} is written by the message itself`);
    if (seen.has(key)) throw badHeader(name, `${name} is given twice`);
    seen.add(key);
    return structuredHeader(name, value);
  });
}

/** A header of running text, such as Subject: folded, and in encoded words (RFC 2047) when it is not plain ASCII. */
export function textHeader(name: string, value: string): string {
  refuseLineEnds(name, value);
  if (value === '') return `${name}:`;
  const words = wordsOf(value);
  const longest = Math.max(...words.map((word) => word.length));
  const plain =
    printable.test(value) &&
    value.trim() === value &&
    !value.includes('=?') &&
    longest < lineCharsWanted - name.length - 2;
  return plain ? fold(name, words) : `${name}: ${encodeWords(value, name.length + 2)}`;
}

/**
 * A header with a grammar of its own, such as List-Unsubscribe or Feedback-ID: folded, ASCII, never encoded, since
 * receivers refuse encoded words there. Only the phrase before the identifier of List-Id may be encoded.
 * Places `[[name]]` are left standing, each on a line of its own where the grammar has a blank.
 */
export function structuredHeader(name: string, value: string): string {
  refuseLineEnds(name, value);
  const tidy = value.trim();
  if (/^list-id$/i.test(name)) return listIdHeader(name, tidy);
  if (printable.test(tidy)) return fold(name, wordsOf(tidy));
  if (/^x-/i.test(name)) return textHeader(name, tidy);
  throw badHeader(name, `${name} may hold ASCII characters only`);
}

/**
 * A header with one mailbox: From, To, Reply-To. The name is quoted or encoded as needed. Throws, without quoting the
 * address, when it is not a plain address; an address outside ASCII needs a server with SMTPUTF8 (RFC 6531).
 */
export function mailboxHeader(name: string, mailbox: Mailbox, smtpUtf8 = false): string {
  const { address } = mailbox;
  const known = addressPattern.test(address) || (smtpUtf8 && addressPatternUtf8.test(address));
  if (!known || address.length > 254) {
    throw badHeader(name, `The address for ${name} is not one that mail can be sent to`);
  }
  // The message is a string of bytes, so an address outside ASCII stands in it as its UTF-8 bytes.
  const bytes = printable.test(address) ? address : Buffer.from(address, 'utf8').toString('latin1');
  if (!mailbox.name) return `${name}: ${bytes}`;
  refuseLineEnds(name, mailbox.name);
  const line = `${name}: ${phrase(mailbox.name, name.length + 2)}`;
  const lastLineChars = line.length - (line.lastIndexOf('\n') + 1);
  return `${line}${lastLineChars + bytes.length + 3 > 76 ? '\r\n' : ''} <${bytes}>`;
}

function listIdHeader(name: string, value: string): string {
  const match = /^(.*?)\s*(<[\x21-\x3b\x3d\x3f-\x7e]+>)$/.exec(value);
  if (!match || value.length > listIdCharsMax) {
    throw badHeader(
      name,
      `${name} is a name and an identifier in angle brackets, at most ${listIdCharsMax} characters`,
    );
  }
  const [, text = '', id = ''] = match;
  if (text === '') return `${name}: ${id}`;
  const line = `${name}: ${phrase(text, name.length + 2)}`;
  return line.length + id.length + 1 > lineCharsWanted ? `${line}\r\n ${id}` : `${line} ${id}`;
}

function phrase(text: string, column: number): string {
  const short = text.length + column < lineCharsWanted - 2;
  if (short && plainAtoms.test(text) && !text.includes('=?')) return text;
  if (short && printable.test(text) && text.trim() === text && !text.includes('=?')) {
    return `"${text.replace(/["\\]/g, '\\$&')}"`;
  }
  return encodeWords(text, column);
}

/** Cut at single blanks only: there a fold (CRLF before the blank) unfolds to the same text everywhere. */
function wordsOf(value: string): string[] {
  return value.split(/(?<=[^ ]) (?=[^ ])/);
}

function fold(name: string, words: string[]): string {
  let line = `${name}:`;
  let column = line.length;
  for (const [index, word] of words.entries()) {
    const widthUnknown = word.includes('[[');
    if (index > 0 && (widthUnknown || column + 1 + word.length > lineCharsWanted)) {
      line += '\r\n';
      column = 0;
    }
    if (word.length + name.length + 2 > lineCharsMax)
      throw badHeader(name, `${name} has a word that fits no line`);
    line += ` ${word}`;
    column = widthUnknown ? lineCharsMax : column + 1 + word.length;
  }
  return line;
}

/** A line end or NUL in a value would start a header of the writer's own. */
function refuseLineEnds(name: string, value: string): void {
  if (/[\r\n\0]/.test(value)) throw badHeader(name, `${name} holds a line end or a NUL`);
}

export function badHeader(name: string, message: string): Refusal {
  return new Refusal(422, 'bad_header', `${message}.`, name);
}
