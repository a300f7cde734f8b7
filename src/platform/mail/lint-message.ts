/** RFC 5322 §2.1.1, without the CRLF; the quoted-printable and encoded-word limits are RFC 2045 §6.7 and RFC 2047 §2. */
const lineCharsMax = 998;
const encodedWordCharsMax = 75;
const messageIdCharsMax = 500;

const atMostOnce = new Set(
  (
    'date from sender reply-to to cc bcc message-id in-reply-to references subject mime-version content-type ' +
    'content-transfer-encoding list-id list-unsubscribe list-unsubscribe-post feedback-id precedence auto-submitted'
  ).split(' '),
);

/**
 * What is wrong with a message as it would go to a server, in sentences without any value of it; empty when nothing
 * is. The rules are those of RFC 5321, 5322, 2045, 2047 and 8058 that receivers enforce. A string is read as latin1.
 */
export function lintMessage(raw: string | Buffer): string[] {
  const bytes = typeof raw === 'string' ? raw : raw.toString('latin1');
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return ['no blank line ends the headers', ...lintLines(bytes)];
  const headers = readHeaders(bytes.slice(0, end));
  return [...lintLines(bytes), ...lintHeaders(headers), ...lintParts(headers, bytes.slice(end + 4))];
}

type Headers = { name: string; value: string }[];

function lintLines(bytes: string): string[] {
  const problems: string[] = [];
  if (bytes.includes('\0')) problems.push('a NUL');
  if (/\r(?!\n)/.test(bytes)) problems.push('a CR without LF');
  if (/(?<!\r)\n/.test(bytes)) problems.push('an LF without CR');
  if (!bytes.endsWith('\r\n')) problems.push('no line end at the end');
  for (const [index, line] of bytes.split(/\r?\n/).entries()) {
    if (line.length > lineCharsMax)
      problems.push(`line ${index + 1} has more than ${lineCharsMax} characters`);
    if (line.startsWith('.')) problems.push(`line ${index + 1} starts with a dot`);
  }
  return problems;
}

function readHeaders(block: string): Headers {
  return block
    .replace(/\r?\n(?=[ \t])/g, '')
    .split(/\r?\n/)
    .map((line) => {
      const colon = line.indexOf(':');
      return colon > 0
        ? { name: line.slice(0, colon), value: line.slice(colon + 1) }
        : { name: '', value: line };
    });
}

function lintHeaders(headers: Headers): string[] {
  const problems: string[] = [];
  const counts = new Map<string, number>();
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (!/^[!-9;-~]+$/.test(name)) problems.push('a header line without a name');
    if (/[ \t]$/.test(value)) problems.push(`${name} ends in a blank`);
    if (/[^\t\x20-\x7e]/.test(value)) problems.push(`${name} has characters outside printable ASCII`);
    const words = value.match(/=\?[^?\s]*\?[bq]\?[^?\s]*\?=/gi) ?? [];
    if (words.some((word) => word.length > encodedWordCharsMax))
      problems.push(`${name} has too long an encoded word`);
  }
  for (const [name, count] of counts)
    if (count > 1 && atMostOnce.has(name)) problems.push(`${name} stands ${count} times`);
  for (const name of ['date', 'from', 'message-id']) if (!counts.has(name)) problems.push(`no ${name}`);
  return [...problems, ...lintIdentity(headers)];
}

function lintIdentity(headers: Headers): string[] {
  const problems: string[] = [];
  const id = valueIn(headers, 'message-id');
  if (id !== undefined && (id.length > messageIdCharsMax || !/^<[^<>@\s]+@[^<>@\s]+>$/.test(id))) {
    problems.push('message-id is not one identifier in angle brackets');
  }
  const date = valueIn(headers, 'date');
  if (date !== undefined && !/^(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? [+-]\d{4}$/.test(date))
    problems.push('date is no date');
  const unsubscribe = valueIn(headers, 'list-unsubscribe');
  const post = valueIn(headers, 'list-unsubscribe-post');
  if (post !== undefined && !/<https:/i.test(unsubscribe ?? '')) {
    problems.push('list-unsubscribe-post without an https address in list-unsubscribe');
  }
  return problems;
}

function lintParts(headers: Headers, body: string): string[] {
  const type = valueIn(headers, 'content-type') ?? '';
  if (!/^multipart\//i.test(type)) return [];
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (!boundary) return ['a multipart without a boundary'];
  const delimited = `\r\n${body}`.split(`\r\n--${boundary}`);
  const problems = delimited.at(-1)?.startsWith('--') ? [] : ['the last boundary is missing'];
  if (!/^multipart\/alternative/i.test(type)) return problems;
  const types = delimited
    .slice(1, -1)
    .map((part) => /^content-type:\s*([^;\s]+)/im.exec(part)?.[1]?.toLowerCase());
  if (types.join(' ') !== 'text/plain text/html')
    problems.push('the parts are not text/plain, then text/html');
  return problems;
}

function valueIn(headers: Headers, name: string): string | undefined {
  return headers.find((header) => header.name.toLowerCase() === name)?.value.trim();
}
