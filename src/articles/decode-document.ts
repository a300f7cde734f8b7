/**
 * The text of a document, decoded as its byte order mark, its header or its own first line says; UTF-8 where nobody says
 * anything that is true. Bytes that make no character become U+FFFD.
 */
export function decodeDocument(body: Buffer, contentType = ''): string {
  const opening = body.subarray(0, 1_024).toString('latin1');
  const named =
    markOf(body) ??
    /charset\s*=\s*["']?([\w.:-]+)/i.exec(contentType)?.[1] ??
    /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)/i.exec(opening)?.[1] ??
    /<meta[^>]+charset\s*=\s*["']?([\w.:-]+)/i.exec(opening)?.[1];
  return new TextDecoder(isEncoding(named) ? named : 'utf-8').decode(body);
}

function markOf(body: Buffer): string | undefined {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return 'utf-8';
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le';
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** A name that nobody knows is as good as none. */
function isEncoding(name: string | undefined): boolean {
  try {
    return Boolean(new TextDecoder(name));
  } catch {
    return false;
  }
}
