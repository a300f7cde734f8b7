/** Paths whose next part is a token. */
const tokenPlaces = /^(\/+(?:confirm|confirmed|u|m))\/+[^/]+/i;
const segmentCharsMax = 64;

/**
 * A path as it may stand in a log: tokens, addresses and anything too long to be ours are written `…`. The query is not part
 * of it, and is never logged.
 */
export function redactPath(path: string): string {
  return path
    .replace(tokenPlaces, '$1/…')
    .split('/')
    .map((part) => (part.length > segmentCharsMax || /@|%40/i.test(part) ? '…' : part))
    .join('/');
}
