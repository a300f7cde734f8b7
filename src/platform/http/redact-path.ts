/** Paths whose next part is a token. */
const tokenPlaces = /^(\/+(?:confirm|confirmed|u|m))\/+[^/]+/i;
const segmentCharsMax = 64;
/** What opens a page that cannot be guessed. */
const key = /^[0-9a-f]{32}$/;

/**
 * A path as it may stand in a log: tokens, addresses and anything too long to be ours are written `…`, also where a gateway has
 * encoded them once more. The query is not part of it, and is never logged.
 */
export function redactPath(path: string): string {
  return path
    .replaceAll(/%2f/gi, '/')
    .replace(tokenPlaces, '$1/…')
    .split('/')
    .map((part) => (part.length > segmentCharsMax || key.test(part) || /@|%(25)*40/i.test(part) ? '…' : part))
    .join('/');
}
