/**
 * Named once more than they stand in the message, be they there or not: the signature then also says that there is no
 * other one, so a second Subject put on top after signing breaks it (RFC 6376 §8.15). Both headers of one-click
 * unsubscribing must be signed for it to count (RFC 8058 §4).
 */
const sealed = [
  'from',
  'to',
  'cc',
  'subject',
  'date',
  'reply-to',
  'message-id',
  'mime-version',
  'content-type',
  'list-unsubscribe',
  'list-unsubscribe-post',
];

/** The same for these, but only where the message has them: a list that passes it on may bring its own. */
const sealedIfPresent = [
  'content-transfer-encoding',
  'list-id',
  'feedback-id',
  'precedence',
  'auto-submitted',
  'x-auto-response-suppress',
];

/** The value of `h=`, and what it stands for in canonical form, each header with its CRLF. */
export type SignedHeaders = { names: string; canonical: string };

/**
 * Chooses what of a header block is signed, in "relaxed" form. Where a header stands more than once, all of it is signed,
 * the lowest first (§5.4.2). `block` is latin1 with CRLF, without the blank line that ends it.
 *
 * @throws Error when the block is none, or has no From, which every signature must cover (§5.4).
 */
export function signedHeaders(block: string): SignedHeaders {
  const found = new Map<string, string[]>();
  for (const line of relaxed(block)) {
    const name = line.slice(0, line.indexOf(':'));
    const same = found.get(name);
    if (same) same.unshift(line);
    else found.set(name, [line]);
  }
  if (!found.has('from')) throw new Error('a message without From cannot be signed');
  let names = '';
  let canonical = '';
  for (const name of [...sealed, ...sealedIfPresent.filter((one) => found.has(one))]) {
    for (const line of found.get(name) ?? []) {
      names += `${name}:`;
      canonical += `${line}\r\n`;
    }
    names += `${name}:`;
  }
  return { names: names.slice(0, -1), canonical };
}

/**
 * Headers as "relaxed" has them (RFC 6376 §3.4.2), a line for each: unfolded, names in lower case, runs of blanks as one, none
 * around the colon or at the end.
 *
 * @throws Error when a line has no name.
 */
export function relaxed(block: string): string[] {
  // Blanks are spelled out: \s and trim() would take a byte A0 for one, in which the UTF-8 of an address may end.
  const unfolded = block.replace(/(?:\r\n)?[ \t]+/g, ' ');
  return unfolded.split('\r\n').map((line) => {
    const match = /^([!-9;-~]+) ?: ?(.*?) ?$/s.exec(line);
    if (!match) throw new Error('a header line without a name cannot be signed');
    const [, name = '', value = ''] = match;
    return `${name.toLowerCase()}:${value}`;
  });
}
