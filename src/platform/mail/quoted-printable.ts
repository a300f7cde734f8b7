/** RFC 2045 §6.7 (5) allows 76 with the closing "="; every line leaves room for it, so that a place may follow. */
const lineCharsMax = 75;

/** Of such a line only "=" is written otherwise: nearly every line of a letter. */
const plainLine = /^(?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

const unsafe = /[^\t\x20-\x3c\x3e-\x7e]+|[\t ]$/gu;

/** A word that stands in a line of its own as it is, such as a URL. */
const plainWord = /^[\x21-\x2d\x2f-\x3c\x3e-\x45\x47-\x7e][\x21-\x3c\x3e-\x7e]{0,74}$/;

const hexPairs = Array.from(
  { length: 256 },
  (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

/**
 * Encodes text as quoted-printable (RFC 2045 §6.7) over UTF-8. CRLF, CR and LF all become a CRLF line end.
 *
 * The result begins on a line of its own and never has a line that starts with "." or "F", so it needs neither
 * dot-stuffing (RFC 5321 §4.5.2) nor "From " quoting. Its last line is open: a soft break or a line end may follow.
 */
export function encodeQuotedPrintable(text: string): string {
  if (plainWord.test(text)) return text;
  if (!/[\r\n]/.test(text)) return encodeLine(text);
  return text
    .split(/\r\n|\r|\n/)
    .map(encodeLine)
    .join('\r\n');
}

function encodeLine(line: string): string {
  const safe = plainLine.test(line) ? line.replaceAll('=', '=3D') : line.replace(unsafe, toHex);
  let lines = '';
  let from = 0;
  for (;;) {
    const first = safe[from];
    const start = first === '.' || first === 'F' ? toHex(first) : '';
    const open = start === '' ? from : from + 1;
    if (safe.length - open + start.length <= lineCharsMax) {
      return open === 0 ? safe : lines + start + safe.slice(open);
    }
    const end = cutBefore(safe, open + lineCharsMax - start.length);
    lines += `${start}${safe.slice(open, end)}=\r\n`;
    from = end;
  }
}

/** The last place to cut at or before `at` that splits neither a "=XX" nor the bytes of one character. */
function cutBefore(safe: string, at: number): number {
  let cut = at;
  if (safe[cut - 1] === '=') cut -= 1;
  else if (safe[cut - 2] === '=') cut -= 2;
  while (safe[cut] === '=' && /[89AB]/.test(safe[cut + 1] ?? '')) cut -= 3;
  return cut;
}

const hexesKept = 1_000;
const hexes = new Map<string, string>();

/** The same few are written again and again, such as the dots of a masked address in every mail. */
function toHex(text: string): string {
  const known = hexes.get(text);
  if (known !== undefined) return known;
  let hex = '';
  for (const byte of Buffer.from(text, 'utf8')) hex += hexPairs[byte];
  if (hexes.size < hexesKept && text.length <= 8) hexes.set(text, hex);
  return hex;
}
