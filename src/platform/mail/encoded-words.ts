/** RFC 2047 §2: an encoded word has at most 75 characters, a line that holds one at most 76. */
const wordCharsMax = 75;
const frame = { q: '=?UTF-8?Q?', b: '=?UTF-8?B?', end: '?=' };
const frameChars = frame.q.length + frame.end.length;

/**
 * Encodes text as encoded words (RFC 2047), one per line, none splitting a character; Q or B, whichever is shorter.
 * The Q alphabet is the narrow one of §5 (3), so the words may also stand in a phrase.
 * `column` is where the first word begins on its line.
 */
export function encodeWords(text: string, column: number): string {
  const encode = chooseEncoding(text);
  const words: string[] = [];
  let open = '';
  let room = Math.min(wordCharsMax, wordCharsMax + 1 - column) - frameChars;
  for (const char of text) {
    if (open !== '' && encode(open + char).length > room) {
      words.push(open);
      open = '';
      room = wordCharsMax - frameChars;
    }
    open += char;
  }
  words.push(open);
  const start = encode === toQ ? frame.q : frame.b;
  return words.map((word) => `${start}${encode(word)}${frame.end}`).join('\r\n ');
}

function chooseEncoding(text: string): (text: string) => string {
  return toQ(text).length <= toB(text).length ? toQ : toB;
}

function toQ(text: string): string {
  return text.replace(/[^A-Za-z0-9!*+/-]/gu, (char) => {
    if (char === ' ') return '_';
    const hex = Buffer.from(char, 'utf8').toString('hex').toUpperCase();
    return hex.replace(/../g, '=$&');
  });
}

function toB(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
